import type { ServerResponse } from 'node:http';
import { type Fault, swapTypes } from './faults.ts';
import type { FakeAnswer } from './server.ts';

const loginPage = '<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in</body></html>';

/** Sends what the fault says; `real` is the answer that the fake would have given, where it was asked. */
export function sendFaulty(response: ServerResponse, fault: Fault, real: FakeAnswer | undefined): void {
  const json = JSON.stringify(real?.body ?? null);
  const status = real?.status ?? 200;
  const type = { 'content-type': 'application/json; charset=utf-8' };
  switch (fault.kind) {
    case 'answer': {
      const text = typeof fault.body === 'string' ? fault.body : JSON.stringify(fault.body ?? '');
      response.writeHead(fault.status, { ...type, ...fault.headers });
      response.end(fault.body === undefined ? '' : text);
      return;
    }
    case 'html':
      response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' });
      response.end(loginPage);
      return;
    case 'half-json':
      response.writeHead(status, type);
      response.end(json.slice(0, json.length / 2));
      return;
    case 'wrong-types':
      response.writeHead(status, { ...type, ...real?.headers });
      response.end(JSON.stringify(swapTypes(real?.body ?? null)));
      return;
    case 'cut':
      response.writeHead(status, { ...type, 'content-length': Buffer.byteLength(json) });
      response.write(json.slice(0, json.length / 2), () => response.socket?.resetAndDestroy());
      return;
    case 'reset':
      response.socket?.resetAndDestroy();
      return;
    case 'hang':
    case 'next-page':
      return;
  }
}
