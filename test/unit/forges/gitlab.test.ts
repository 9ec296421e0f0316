import { describe, expect, test } from 'vitest';
import { convertMergeRequest, convertProject } from '../../../src/core/forges/gitlab/convert.ts';
import { cloneUrl, namespaceAndName, projectPath, repoOf } from '../../../src/core/forges/gitlab/urls.ts';
import {
  type MergeRequest,
  mergeRequestSchema,
  mergeRequestsSchema,
  projectSchema,
  statusSchema,
} from '../../../src/core/forges/gitlab/wire.ts';
import { corpusIsPresent, readCorpusJson } from '../../support/corpus.ts';

const sha = '12d65c8dd2b2676fa3ac47d955accc085a37a9c1';

const native: MergeRequest = {
  iid: 7,
  title: 'Fix',
  state: 'opened',
  draft: false,
  author: { username: 'ada' },
  web_url: 'https://gitlab.com/g/s/p/-/merge_requests/7',
  source_branch: 'fix/x',
  target_branch: 'main',
  source_project_id: 2,
  target_project_id: 1,
  sha,
};

describe('urls', () => {
  const web = 'https://git.example.org/lab';

  test('a project in nested groups is one segment for the API and several for git', () => {
    expect(projectPath('g/süd/p.x')).toBe('/projects/g%2Fs%C3%BCd%2Fp.x');
    expect(cloneUrl(web, 'g/s/p')).toBe('https://git.example.org/lab/g/s/p.git');
    expect(namespaceAndName('g/s/p')).toEqual({ namespace: 'g/s', name: 'p' });
  });

  test.each([
    ['https://git.example.org/lab/g/s/p.git', 'g/s/p'],
    ['https://git.example.org/lab/g/p/-/merge_requests/3', 'g/p'],
    ['git@git.example.org:g/s/p.git', 'g/s/p'],
    ['https://git.example.org/g/p.git', undefined],
    ['https://git.example.org/lab/p.git', undefined],
    ['https://gitlab.com/g/p.git', undefined],
  ])('repoOf %s', (url, path) => {
    expect(repoOf(web, url)).toBe(path);
  });

  test('gitlab.com by ssh on port 443', () => {
    expect(repoOf('https://gitlab.com', 'ssh://git@altssh.gitlab.com:443/g/p.git')).toBe('g/p');
    expect(repoOf(web, 'ssh://git@altssh.gitlab.com:443/g/p.git')).toBeUndefined();
  });

  test.each(['p', '', 'g//p', '../p', 'g/..', 'g/p\n'])('%j names no project', (repo) => {
    expect(() => cloneUrl(web, repo)).toThrow(expect.objectContaining({ code: 'usage' }));
    expect(() => projectPath(repo)).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});

describe('convert', () => {
  test('a merge request of a fork', () => {
    expect(convertMergeRequest(native, 'g/s/p', 'ada/p')).toEqual({
      number: 7,
      title: 'Fix',
      state: 'open',
      draft: false,
      author: 'ada',
      url: native.web_url,
      head: { repo: 'ada/p', branch: 'fix/x', sha },
      base: { repo: 'g/s/p', branch: 'main', sha: undefined },
      internal: false,
    });
  });

  test('internal is decided by id, whatever the paths', () => {
    expect(convertMergeRequest({ ...native, source_project_id: 1 }, 'g/s/p', 'g/s/p').internal).toBe(true);
    expect(convertMergeRequest({ ...native, source_project_id: null }, 'g/s/p', undefined).internal).toBe(false);
  });

  test.each([
    ['opened', 'open'],
    ['locked', 'open'],
    ['closed', 'closed'],
    ['merged', 'merged'],
  ] as const)('state %s is %s', (state, expected) => {
    expect(convertMergeRequest({ ...native, state }, 'g/p', undefined).state).toBe(expected);
  });

  test('what old versions and empty merge requests leave out', () => {
    const old = mergeRequestSchema.parse({
      ...native,
      draft: undefined,
      work_in_progress: true,
      sha: null,
      author: null,
    });
    expect(convertMergeRequest(old, 'g/p', undefined)).toMatchObject({
      draft: true,
      author: '',
      head: { sha: undefined },
    });
  });

  test('only public projects are not private; an answer without visibility is an anonymous reader’s', () => {
    const project = { path_with_namespace: 'g/p', default_branch: null };
    expect(convertProject({ ...project, visibility: 'internal' })).toEqual({
      path: 'g/p',
      private: true,
      defaultBranch: undefined,
    });
    expect(convertProject({ ...project, visibility: 'private' }).private).toBe(true);
    expect(convertProject({ ...project, visibility: 'public' }).private).toBe(false);
    expect(convertProject(project).private).toBe(false);
  });
});

describe.skipIf(!corpusIsPresent)('recorded answers (need ../shared/corpus)', () => {
  test('merge requests', async () => {
    const [first] = mergeRequestsSchema.parse(await readCorpusJson('forges/gitlab/merges.json'));
    const single = mergeRequestSchema.parse(await readCorpusJson('forges/gitlab/merge.json'));
    const expected = { number: 1, state: 'closed', author: 'dblessing', internal: true, head: { branch: 'fix', sha } };
    expect(first && convertMergeRequest(first, 'gitlab-org/testme', 'gitlab-org/testme')).toMatchObject(expected);
    expect(convertMergeRequest(single, 'gitlab-org/testme', 'gitlab-org/testme')).toMatchObject(expected);
  });

  test('a project', async () => {
    const project = projectSchema.parse(await readCorpusJson('forges/gitlab/repo.json'));
    expect(convertProject(project)).toEqual({ path: 'diaspora/diaspora', private: false, defaultBranch: 'master' });
  });

  test('a commit status', async () => {
    expect(statusSchema.parse(await readCorpusJson('forges/gitlab/status.json'))).toEqual({
      status: 'pending',
      name: 'default',
    });
  });
});
