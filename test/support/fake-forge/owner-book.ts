/** An approval rule as GitLab makes it of CODEOWNERS; how it does so is not this fake's business. */
export interface FakeOwnerRule {
  /** The pattern. */
  readonly name: string;
  readonly section?: string;
  /** 0 also where the branch requires no code owners by itself. Default 1. */
  readonly required?: number;
  /** Logins. */
  readonly owners: readonly string[];
  /** Those of them that may approve; default: all. */
  readonly eligible?: readonly string[];
  /** The owners are hidden from the token. */
  readonly hidden?: boolean;
  /** Another kind than `code_owner`. */
  readonly type?: string;
}

export interface OwnerBook {
  of(repo: string, number: number): readonly FakeOwnerRule[];
  set(repo: string, number: number, rules: readonly FakeOwnerRule[]): void;
}

export function createOwnerBook(): OwnerBook {
  const rules = new Map<string, readonly FakeOwnerRule[]>();
  return {
    of: (repo, number) => rules.get(`${repo}#${number}`) ?? [],
    set: (repo, number, made) => void rules.set(`${repo}#${number}`, made),
  };
}
