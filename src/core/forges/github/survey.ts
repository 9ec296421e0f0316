import { SluiceError } from '../../errors.ts';
import type { ApiClient } from '../../http/client.ts';
import type { Change } from '../../model/change.ts';
import type { CallOptions } from '../call-options.ts';
import { openFirst } from '../open-first.ts';
import { ownerAndName } from '../repo-path.ts';
import type {
  ChangeQuery,
  ChecksRole,
  CommitsRole,
  ReviewsRole,
  SurveyedChange,
  SurveyNeeds,
  SurveyRole,
} from '../review-roles.ts';
import { samePath } from '../same-path.ts';
import { matching } from './change-search.ts';
import { queryGraphql } from './graphql.ts';
import { convertContexts, convertPeople, convertPull, convertReviews } from './survey-convert.ts';
import { surveyQuery } from './survey-query.ts';
import { type NativeHeadCommit, type NativePull, type PullPage, type SurveyPage, surveySchema } from './survey-wire.ts';

// Pages of pull requests with one branch, commit or label.
const mostPages = 50;

/** By REST: what did not fit into the survey's answer, and what it cannot be trusted with. */
export interface WholeLists {
  readonly reviews: ReviewsRole;
  readonly checks: ChecksRole;
  readonly commits: CommitsRole;
}

interface Asked {
  readonly repo: string;
  readonly query: ChangeQuery;
  readonly needs: SurveyNeeds;
  readonly options: CallOptions;
  readonly purpose: string;
}

/** One GraphQL request in place of five by REST. `clientFor` gives clients of the GraphQL address (`graphqlBase`). */
export function surveyRole(clientFor: (repo: string) => ApiClient, whole: WholeLists): SurveyRole {
  return {
    async survey(repo, wanted, needs, options = {}) {
      const purpose = `find pull requests of ${repo} with their reviews and checks`;
      const asked: Asked = { repo, query: withoutOwnRepo(wanted, repo), needs, options, purpose };
      const found = new Map<number, SurveyedChange>();
      let cursor: string | undefined;
      for (let count = 0; count < mostPages; count += 1) {
        const answer = await askPage(clientFor(repo), asked, cursor);
        if (answer === undefined) return undefined;
        const page = pageOf(answer, asked);
        for (const one of await surveyPage(page, answer.repository.nameWithOwner, asked, whole)) {
          found.set(one.change.number, one);
        }
        if (!page.pageInfo.hasNextPage) return sorted(found);
        cursor = nextCursor(page, cursor, purpose);
      }
      throw malformed(purpose, `there are more than ${mostPages} pages`);
    },
  };
}

/** The repository itself is what is meant without a name; by its name it would be missed after a renaming. */
function withoutOwnRepo(query: ChangeQuery, repo: string): ChangeQuery {
  if (query.kind !== 'branch' || query.headRepo === undefined || !samePath(query.headRepo, repo)) return query;
  return { kind: 'branch', branch: query.branch };
}

function askPage(client: ApiClient, asked: Asked, cursor: string | undefined): Promise<SurveyPage | undefined> {
  const { repo, query, needs, options, purpose } = asked;
  const { kind, ...named } = query;
  const { headRepo: _, ...variables } = { headRepo: undefined, ...named };
  const request = {
    query: surveyQuery(kind, needs),
    variables: { ...ownerAndName(repo), ...variables, ...(cursor === undefined ? {} : { cursor }) },
    schema: surveySchema,
    purpose,
  };
  return queryGraphql(client, request, options);
}

function pageOf({ repository }: SurveyPage, { query, purpose }: Asked): PullPage {
  const { object, pullRequests } = repository;
  // Null: there is no such commit, so nothing contains it.
  if (query.kind === 'commit' && object === null)
    return { pageInfo: { hasNextPage: false, endCursor: null }, nodes: [] };
  const page = query.kind === 'commit' ? object?.associatedPullRequests : pullRequests;
  if (page === undefined) throw malformed(purpose, 'the answer lacks the pull requests');
  return page;
}

function nextCursor({ pageInfo }: PullPage, cursor: string | undefined, purpose: string): string {
  const next = pageInfo.endCursor ?? cursor;
  if (next === undefined || next === cursor) throw malformed(purpose, 'the pages lead in a circle');
  return next;
}

async function surveyPage(
  page: PullPage,
  name: string,
  asked: Asked,
  whole: WholeLists,
): Promise<readonly SurveyedChange[]> {
  const isMeant = matching(name, asked.query);
  const meant = page.nodes
    .map((native) => ({ native, change: convertPull(native, asked.repo) }))
    .filter(({ change }) => isMeant(change));
  return Promise.all(meant.map(({ native, change }) => surveyed(native, change, { ...asked, name }, whole)));
}

async function surveyed(
  native: NativePull,
  change: Change,
  asked: Asked & { readonly name: string },
  whole: WholeLists,
): Promise<SurveyedChange> {
  const { repo, needs, options, purpose } = asked;
  const { sha } = change.head;
  if (sha === undefined) throw malformed(purpose, `pull request #${change.number} has no head`);
  // Nobody decides by one that is not open any more, and a branch may have had a hundred of them.
  const asks = change.state === 'open';
  const commit = native.commits?.nodes.find((node) => node.commit.oid.toLowerCase() === sha)?.commit;
  const [reviews, checks, people] = await Promise.all([
    needs.reviews ? (reviewsOf(native) ?? (asks ? whole.reviews.list(repo, change, options) : undefined)) : undefined,
    needs.checks
      ? (checksOf(native, commit, { ...asked, sha }) ?? (asks ? whole.checks.list(repo, sha, options) : undefined))
      : undefined,
    needs.people ? (peopleOf(commit) ?? (asks ? whole.commits.people(repo, sha, options) : undefined)) : undefined,
  ]);
  return { change, reviews, checks, people };
}

function reviewsOf({ reviews }: NativePull): SurveyedChange['reviews'] {
  if (reviews == null || reviews.pageInfo.hasNextPage) return undefined;
  return { reviews: convertReviews(reviews.nodes), resetOnPush: undefined };
}

/**
 * Not of a fork's change: its commit lies in both repositories, and GraphQL does not say on which of them a status was set. Whoever
 * owns a fork may set any status there.
 */
function checksOf(
  { isCrossRepository }: NativePull,
  commit: NativeHeadCommit | undefined,
  at: { readonly repo: string; readonly name: string; readonly sha: string },
): SurveyedChange['checks'] {
  if (isCrossRepository || commit?.statusCheckRollup === undefined) return undefined;
  if (commit.statusCheckRollup === null) return [];
  const { contexts } = commit.statusCheckRollup;
  return contexts.pageInfo.hasNextPage ? undefined : convertContexts(contexts.nodes, at);
}

function peopleOf(commit: NativeHeadCommit | undefined): SurveyedChange['people'] {
  if (commit?.authors == null || commit.authors.pageInfo.hasNextPage) return undefined;
  return convertPeople(commit);
}

function sorted(found: ReadonlyMap<number, SurveyedChange>): readonly SurveyedChange[] {
  const changes = openFirst([...found.values()].map(({ change }) => change));
  return changes.flatMap(({ number }) => found.get(number) ?? []);
}

function malformed(purpose: string, problem: string): SluiceError {
  return new SluiceError('unavailable', `could not ${purpose}: ${problem}`, { hint: 'Try again later.' });
}
