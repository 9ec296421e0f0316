/** A whole answer, and the tag by which the forge says later that it still stands. */
export interface KeptAnswer {
  /** As it came, `W/` and quotes included. */
  readonly etag: string;
  /** `content-type`, and what leads to the next page; nothing else of an old answer may be read. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Where answers lie until they are confirmed. A key holds no secret, and neither function throws. */
export interface KeptAnswers {
  /** Undefined for what is not there, cannot be read or is not of the right form: then the whole answer is asked for. */
  find(key: string): Promise<KeptAnswer | undefined>;
  keep(key: string, answer: KeptAnswer): Promise<void>;
}

// Some thirty of the largest pages that are kept, some thousand of the usual ones.
const mostCharacters = 32 * 1024 * 1024;
// Key, tag and headers: without them, millions of empty lists would fit.
const charactersBeside = 1000;

/**
 * In this process, those that were kept first go first; what is not here is looked for in `behind`, which also gets what is kept. `most`
 * characters in all, of which each answer takes 1000 beside its text.
 */
export function keptInMemory(behind?: KeptAnswers, most = mostCharacters): KeptAnswers {
  const answers = new Map<string, KeptAnswer>();
  let characters = 0;

  function forget(key: string): void {
    const answer = answers.get(key);
    if (answer === undefined) return;
    characters -= sizeOf(answer);
    answers.delete(key);
  }

  function remember(key: string, answer: KeptAnswer): void {
    forget(key);
    answers.set(key, answer);
    characters += sizeOf(answer);
    for (const oldest of answers.keys()) {
      if (characters <= most) return;
      forget(oldest);
    }
  }

  return {
    async find(key) {
      const here = answers.get(key);
      if (here !== undefined) return here;
      const found = await behind?.find(key);
      if (found !== undefined) remember(key, found);
      return found;
    },
    async keep(key, answer) {
      remember(key, answer);
      await behind?.keep(key, answer);
    },
  };
}

function sizeOf({ text }: KeptAnswer): number {
  return text.length + charactersBeside;
}
