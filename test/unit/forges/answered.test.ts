import { expect, test } from 'vitest';
import { answered, found } from '../../../src/core/forges/answered.ts';

function answer(status: number, value?: string): Parameters<typeof found<string>>[0] {
  return { status, headers: {}, value, refusal: undefined };
}

test('only a 404 means that something does not exist', () => {
  expect(found(answer(200, 'it'), 'find it')).toBe('it');
  expect(found(answer(404), 'find it')).toBeUndefined();
  expect(() => found(answer(200), 'find it')).toThrow(
    expect.objectContaining({ code: 'unavailable', message: expect.stringContaining('find it') }),
  );
});

test('an answer without a body is not taken for an empty one', () => {
  expect(answered(answer(201, ''), 'make it')).toBe('');
  expect(() => answered(answer(204), 'make it')).toThrow(expect.objectContaining({ code: 'unavailable' }));
});
