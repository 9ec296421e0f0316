import { startFakeGithub } from '../support/fake-forge/github.ts';
import { describeMatrix } from './gate-matrix.ts';

const github = { type: 'github', start: startFakeGithub, team: 'acme/reviewers' };

// A server without GraphQL is asked by REST, and says the same.
describeMatrix('github, by GraphQL', { ...github, mayPass: [/graphql: 404/] });
describeMatrix('github, by REST', { ...github, without: /graphql/ });
