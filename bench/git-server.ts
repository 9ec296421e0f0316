import { startGitHttpServer } from '../test/support/git-http-server.ts';
import type { Traffic } from './rounds.ts';

// A process of its own, so that serving is not counted as the client's time. argv: the folder whose repositories are served.
const [, , root = '.'] = process.argv;
const server = await startGitHttpServer(root);

process.on('message', () => {
  const { requests } = server;
  const traffic: Traffic = {
    requests: requests.length,
    up: sum(requests.map(({ bytesUp }) => bytesUp)),
    down: sum(requests.map(({ bytesDown }) => bytesDown)),
    advert: sum(requests.filter(({ path }) => path.endsWith('/info/refs')).map(({ bytesDown }) => bytesDown)),
  };
  requests.length = 0;
  process.send?.({ traffic });
});
process.on('disconnect', () => void server.close());
process.send?.({ origin: server.origin });

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
