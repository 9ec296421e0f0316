import type { ChangeQuery, SurveyNeeds } from '../review-roles.ts';

// Pull requests of one page; with their reviews and checks that is about 20 × 200 nodes of the 500,000 that GitHub allows.
const pullsOnPage = 20;

const change = `
  number title state isDraft url isCrossRepository
  author { __typename login }
  headRefName headRefOid headRepository { nameWithOwner }
  baseRefName baseRefOid baseRepository { nameWithOwner }`;

const reviews = `
  reviews(first: 60) {
    pageInfo { hasNextPage }
    nodes { state submittedAt author { __typename login } authorCanPushToRepository commit { oid } }
  }`;

const checks = `
  statusCheckRollup {
    contexts(first: 100) {
      pageInfo { hasNextPage }
      nodes {
        __typename
        ... on CheckRun {
          databaseId name status conclusion url
          repository { nameWithOwner }
          checkSuite { databaseId app { slug } }
        }
        ... on StatusContext { context state targetUrl creator { __typename login } }
      }
    }
  }`;

const people = `
  authors(first: 30) { pageInfo { hasNextPage } nodes { name email user { login } } }
  committer { name email user { login } }`;

const selections: Readonly<
  Record<
    ChangeQuery['kind'],
    { readonly variable: string; readonly before: string; readonly filter: string; readonly after: string }
  >
> = {
  branch: { variable: '$branch: String!', before: '', filter: 'headRefName: $branch, ', after: '' },
  label: { variable: '$label: String!', before: '', filter: 'labels: [$label], ', after: '' },
  commit: { variable: '$sha: GitObjectID!', before: 'object(oid: $sha) { ... on Commit {', filter: '', after: '} }' },
};

/** One request that brings the change requests with what is needed of them. `$cursor` is the end of the page before. */
export function surveyQuery(kind: ChangeQuery['kind'], needs: SurveyNeeds): string {
  const { variable, before, filter, after } = selections[kind];
  const field = kind === 'commit' ? 'associatedPullRequests' : 'pullRequests';
  const ofCommit = [needs.checks ? checks : '', needs.people ? people : ''].join('');
  const commit = ofCommit === '' ? '' : `commits(last: 1) { nodes { commit { oid ${ofCommit} } } }`;
  return `query ($owner: String!, $name: String!, ${variable}, $cursor: String) {
  repository(owner: $owner, name: $name) {
    nameWithOwner
    ${before}
    ${field}(${filter}first: ${pullsOnPage}, after: $cursor, orderBy: { field: CREATED_AT, direction: DESC }) {
      pageInfo { hasNextPage endCursor }
      nodes { ${change} ${needs.reviews ? reviews : ''} ${commit} }
    }
    ${after}
  }
}`;
}
