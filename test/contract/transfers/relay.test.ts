import { relayTransfer } from '../../../src/core/git/transfer/relay.ts';
import { transferContract } from './suite.ts';

transferContract({
  name: 'relay',
  // Files and ssh have no HTTP to speak; there it leaves everything (pitfalls.test.ts).
  via: ['http'],
  leaves: {},
  open: (scene) => relayTransfer(scene.inProcess, 'sluice/test'),
});
