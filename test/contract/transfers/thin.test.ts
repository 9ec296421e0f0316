import { thinTransfer } from '../../../src/core/git/transfer/thin.ts';
import { transferContract } from './suite.ts';

transferContract({
  name: 'thin',
  via: ['http', 'file'],
  leaves: {
    'an empty destination': 'everything has to move, so nothing can be thin',
    'a change without a common commit': 'its whole history is missing there',
    'a destination that lags far behind': 'more commits are missing than a shallow fetch brings',
    'a tag of a blob or tree': 'only commits can be negotiated',
    'a tag of a tag': 'git peels one level for for-each-ref, and such tags are rare',
  },
  open: () => thinTransfer,
});
