import { startFakeGithub } from '../support/fake-forge/github.ts';
import { describeMatrix } from './gate-matrix.ts';

// In the last of the three places.
const owners = { 'docs/CODEOWNERS': '* @ada @eve\n' };
const github = { type: 'github', start: startFakeGithub, team: 'acme/reviewers', owners };

// A server without GraphQL is asked by REST, and says the same.
describeMatrix('github, by GraphQL', { ...github, mayPass: [/graphql: 404/] });
describeMatrix('github, by REST', { ...github, without: /graphql/ });
