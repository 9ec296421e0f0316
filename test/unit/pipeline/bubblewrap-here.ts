import { findProgram } from '../../../src/core/pipeline/find-program.ts';

const found = (await findProgram('bwrap', process.env.PATH, '/')) !== undefined;

/** Where CI says that everything has to run, an absent bwrap is a failure of the tests, not a skip. */
export const bubblewrapIsHere = found || Boolean(process.env.CI);

/** For the title of a test that needs it. */
export const whySkipped = bubblewrapIsHere ? '' : ' (skipped: bwrap is not installed)';
