import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** A script of this folder in a process of its own, which answers one question at a time. */
export interface Child<Question, Answer> extends AsyncDisposable {
  ask(question: Question): Promise<Answer>;
}

export function startChild<Question extends object, Answer>(
  script: string,
  env: Readonly<Record<string, string>>,
): Child<Question, Answer> {
  const child = fork(join(import.meta.dirname, script), { env });
  const exited = once(child, 'exit');
  return {
    async ask(question) {
      child.send(question);
      const ended = exited.then(([status]) => Promise.reject(new Error(`${script} has ended with status ${status}`)));
      const [answer] = (await Promise.race([once(child, 'message'), ended])) as [Answer];
      return answer;
    },
    async [Symbol.asyncDispose]() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}

/** The other end: answers every question of the parent, in order, and ends when the parent is gone. */
export function answerParent<Question>(answer: (question: Question) => Promise<object>): void {
  process.on('message', (question) => {
    answer(question as Question).then(
      (value) => process.send?.(value),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
  process.on('disconnect', () => process.exit(0));
}
