// The least that the task can cost in Node: everything is known beforehand, nothing is asked, nothing is checked, and only the
// requests that move something are made. argv[2]: a JSON file { source, destination, wants, haves, updates } or { list }.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const http = process.getBuiltinModule('node:http');
const agent = new http.Agent({ keepAlive: true });
const task = JSON.parse(readFileSync(process.argv[2], 'utf8'));

if (task.list !== undefined) {
  const request = packets(['command=ls-refs\n', 'object-format=sha1\n'], '0001', ['ref-prefix refs/heads/\n']);
  await Promise.all(task.list.map((url) => post(url, 'git-upload-pack', request)));
} else {
  const pack = task.wants.length === 0 ? emptyPack() : await fetchPack();
  const [first, ...rest] = task.updates.map(({ name, oid }) => `${'0'.repeat(40)} ${oid} ${name}`);
  const commands = packets([`${first}\0 report-status side-band-64k ofs-delta`, ...rest]);
  const answer = await post(task.destination, 'git-receive-pack', Buffer.concat([commands, pack]));
  const taken = answer.toString('latin1').match(/ok refs\//g)?.length ?? 0;
  if (taken !== task.updates.length) throw new Error(`refused: ${answer}`);
}
agent.destroy();

async function fetchPack() {
  const request = packets(['command=fetch\n', 'object-format=sha1\n'], '0001', [
    'thin-pack\n',
    'ofs-delta\n',
    'no-progress\n',
    ...task.wants.map((oid) => `want ${oid}\n`),
    ...task.haves.map((oid) => `have ${oid}\n`),
    'done\n',
  ]);
  return packOf(await post(task.source, 'git-upload-pack', request));
}

/** Side-band 1 of the packfile section. */
function packOf(answer) {
  const parts = [];
  let inPack = false;
  for (let at = 0; at < answer.length; ) {
    const length = Number.parseInt(answer.toString('latin1', at, at + 4), 16);
    const payload = answer.subarray(at + 4, at + Math.max(length, 4));
    if (inPack && payload[0] === 1) parts.push(payload.subarray(1));
    if (payload.toString('latin1') === 'packfile\n') inPack = true;
    at += Math.max(length, 4);
  }
  return Buffer.concat(parts);
}

function emptyPack() {
  const head = Buffer.from([0x50, 0x41, 0x43, 0x4b, 0, 0, 0, 2, 0, 0, 0, 0]);
  return Buffer.concat([head, createHash('sha1').update(head).digest()]);
}

function packets(lines, delimiter = '', more = []) {
  const encode = (line) => (Buffer.byteLength(line) + 4).toString(16).padStart(4, '0') + line;
  return Buffer.from(`${lines.map(encode).join('')}${delimiter}${more.map(encode).join('')}0000`);
}

function post(repository, service, body) {
  const { promise, resolve, reject } = Promise.withResolvers();
  const headers = {
    'content-type': `application/x-${service}-request`,
    'content-length': body.length,
    'git-protocol': 'version=2',
  };
  const request = http.request(`${repository}/${service}`, { method: 'POST', agent, headers }, async (response) => {
    const parts = [];
    for await (const part of response) parts.push(part);
    resolve(Buffer.concat(parts));
  });
  request.on('error', reject).end(body);
  return promise;
}
