/** A way to do the same with git alone, in bash: $SRC, $DST, $N (the change request), $SAMPLE (several), $WARM (a kept clone). */
export interface Recipe {
  readonly name: string;
  readonly script: string;
  /** Starts with a bare clone of the source's branches that an earlier run left. */
  readonly warm?: 'clone';
}

const head = 'refs/pull/$N/head';
const branch = 'refs/heads/pr/$N';

export const mirrorClone: Recipe = {
  name: 'git clone --mirror; push',
  script: `git clone -q --mirror "$SRC" m.git
git -C m.git push -q "$DST" ${head}:${branch}`,
};

export const bareClone: Recipe = {
  name: 'git clone --bare; fetch; push',
  script: `git clone -q --bare "$SRC" b.git
git -C b.git fetch -q "$SRC" ${head}
git -C b.git push -q "$DST" FETCH_HEAD:${branch}`,
};

/** github-pull-request-mirror's way. */
export const initFetch: Recipe = {
  name: 'git init; fetch; push',
  script: `git init -q --bare f.git
git -C f.git fetch -q "$SRC" ${head}
git -C f.git push -q "$DST" FETCH_HEAD:${branch}`,
};

/** The way of CI checkouts; only within one repository, because the tip comes without its history. */
export const shallowClone: Recipe = {
  name: 'git clone --depth=1; fetch; push',
  script: `git clone -q --depth=1 --no-checkout "$SRC" s
git -C s fetch -q --depth=1 "$SRC" ${head}
git -C s push -q "$DST" FETCH_HEAD:${branch}`,
};

export const bloblessClone: Recipe = {
  name: 'git clone --filter=blob:none; push',
  script: `git clone -q --bare --filter=blob:none "$SRC" p.git
git -C p.git fetch -q "$SRC" ${head}
git -C p.git push -q "$DST" FETCH_HEAD:${branch}`,
};

const keptClone = `git -C "$WARM" fetch -q "$SRC" +${head}:${head}
git -C "$WARM" push -q "$DST" ${head}:${branch}`;

export const keptCloneOnce: Recipe = { name: 'kept clone: git fetch; push', warm: 'clone', script: keptClone };

export const keptCloneEach: Recipe = {
  name: 'kept clone: git fetch; push, one at a time',
  warm: 'clone',
  script: `for N in $SAMPLE; do
${keptClone}
done`,
};

export const keptCloneTogether: Recipe = {
  name: 'kept clone: git fetch; push, all at once',
  warm: 'clone',
  script: `git -C "$WARM" fetch -q "$SRC" '+refs/pull/*/head:refs/pull/*/head'
git -C "$WARM" push -q "$DST" 'refs/pull/*/head:refs/heads/pr/*'`,
};
