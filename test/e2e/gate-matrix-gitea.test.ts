import { startFakeGitea } from '../support/fake-forge/gitea.ts';
import { describeMatrix } from './gate-matrix.ts';

describeMatrix('gitea', { type: 'gitea', start: startFakeGitea, team: 'acme/reviewers' });
