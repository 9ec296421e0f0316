import { expect, test } from 'vitest';
import { failureOf } from '../../../src/core/http/failure.ts';

function error(message: string, fields: object): Error {
  return Object.assign(new Error(message), fields);
}

test.each([
  [error('connect ECONNREFUSED 127.0.0.1:1', { code: 'ECONNREFUSED', syscall: 'connect' }), 'unreachable'],
  [error('getaddrinfo EAI_AGAIN x', { code: 'EAI_AGAIN', syscall: 'getaddrinfo' }), 'unreachable'],
  [error('Connect Timeout Error', { code: 'UND_ERR_CONNECT_TIMEOUT' }), 'unreachable'],
  [error('Proxy response (407) !== 200 when HTTP Tunneling', { code: 'UND_ERR_ABORTED' }), 'unreachable'],
  [error('read ECONNRESET', { code: 'ECONNRESET', syscall: 'read' }), 'broken'],
  [error('other side closed', { code: 'UND_ERR_SOCKET' }), 'broken'],
  [error('self-signed certificate', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }), 'untrusted'],
  [error('unable to get local issuer certificate', { code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY' }), 'untrusted'],
  [error('certificate has expired', { code: 'CERT_HAS_EXPIRED' }), 'untrusted'],
  [error('Hostname/IP does not match', { code: 'ERR_TLS_CERT_ALTNAME_INVALID' }), 'untrusted'],
  [error('wrong version number', { code: 'EPROTO', syscall: 'write' }), 'untrusted'],
  [new AggregateError([error('connect ETIMEDOUT', { code: 'ETIMEDOUT', syscall: 'connect' })]), 'unreachable'],
  ['thrown text', 'broken'],
])('%s → %s', (thrown, kind) => {
  const failure = failureOf(thrown);
  expect(failure.kind).toBe(kind);
  expect(failure.detail).not.toBe('');
});
