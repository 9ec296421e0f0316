// The servers that the bench of `serve` measures sluice against; one process each: node bench/serve-peers.js KIND PORT
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

const secret = process.env.HOOK_SECRET;
const [kind, port] = process.argv.slice(2);

/** The least that is possible: reads the body and checks the signature; nothing is parsed, nothing kept. */
function bare(request, response) {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const claimed = Buffer.from(String(request.headers['x-hub-signature-256']).slice('sha256='.length), 'hex');
    const real = createHmac('sha256', secret).update(Buffer.concat(chunks)).digest();
    const authentic = claimed.length === real.length && timingSafeEqual(claimed, real);
    response.writeHead(authentic ? 202 : 401, { 'content-type': 'application/json' });
    response.end('{}');
  });
}

async function octokit() {
  const { createNodeMiddleware, Webhooks } = await import('@octokit/webhooks');
  const webhooks = new Webhooks({ secret });
  webhooks.on('pull_request', () => {});
  return createNodeMiddleware(webhooks, { path: '/hooks/app' });
}

createServer(kind === 'octokit' ? await octokit() : bare).listen(Number(port), '127.0.0.1');
