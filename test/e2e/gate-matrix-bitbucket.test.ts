import { startFakeBitbucket } from '../support/fake-forge/bitbucket.ts';
import { startFakeBitbucketDatacenter } from '../support/fake-forge/bitbucket-datacenter.ts';
import { describeMatrix } from './gate-matrix.ts';

describeMatrix('bitbucket', { type: 'bitbucket', start: startFakeBitbucket });

describeMatrix('bitbucket-datacenter', {
  type: 'bitbucket-datacenter',
  start: startFakeBitbucketDatacenter,
  repo: 'ACME/app',
  team: 'reviewers',
  mayPass: [
    // A review names its commit, so that nothing hangs on the setting.
    /settings\/pull-requests: (?:401|403|404|a rate limit|an empty object|other types)$/,
    // No build of this name any more, and the policy does not ask for it.
    /builds\?key=(?!ci:)\w+: 404$/,
  ],
});
