import { startFakeGitlab } from '../support/fake-forge/gitlab.ts';
import { describeMatrix } from './gate-matrix.ts';

describeMatrix('gitlab', {
  type: 'gitlab',
  start: startFakeGitlab,
  team: 'acme/reviewers',
  owners: { '.gitlab/CODEOWNERS': '* @ada @eve\n' },
  // The project's setting may be hidden or absent: the time of an approval tells the commit that it was given on.
  mayPass: [/app\/approvals: (?:403|404|a rate limit|an empty object|other types)$/],
});
