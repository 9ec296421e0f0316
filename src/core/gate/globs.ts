/** A glob over short names of branches, ready to be asked. */
export interface BranchGlob {
  readonly glob: string;
  readonly matches: (branch: string) => boolean;
}

/** picomatch is only loaded where there is a glob. Throws what it says of one that it cannot read. */
export async function branchGlobs(globs: readonly string[]): Promise<readonly BranchGlob[]> {
  if (globs.length === 0) return [];
  const { default: picomatch } = await import('picomatch');
  return globs.map((glob) => {
    const match = picomatch(glob, { dot: true });
    return { glob, matches: (branch) => match(branch) };
  });
}
