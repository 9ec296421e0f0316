import { join } from 'node:path';
import { fullTransfer } from '../../../src/core/git/transfer/full.ts';
import { transferContract } from './suite.ts';

// Negotiating over a whole history costs more than the few objects that it saves.
const uploadsHidden = 'a push knows only what receive-pack advertises';

transferContract({
  name: 'full, thrown away',
  via: ['http', 'file'],
  leaves: {},
  uploadsHidden,
  open: () => fullTransfer(undefined),
});

transferContract({
  name: 'full, kept',
  via: ['http', 'file'],
  leaves: {},
  uploadsHidden,
  open: (scene) => fullTransfer({ cacheDir: join(scene.root, 'cache'), waitMs: 10_000 }),
});
