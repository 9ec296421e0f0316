import { describe, expect, test } from 'vitest';
import { parsePolicies } from '../../../src/core/trust/policy.ts';

describe('parsePolicies', () => {
  test('every form', () => {
    const texts = [
      'internal',
      'author:MEMBER',
      'author:octo-cat',
      'label:ok to: test',
      'review',
      'review:writer',
      'comment: /ok-to-test',
    ];
    expect(parsePolicies(texts)).toEqual([
      { kind: 'internal' },
      { kind: 'association', association: 'MEMBER' },
      { kind: 'login', login: 'octo-cat' },
      { kind: 'label', label: 'ok to: test' },
      { kind: 'review' },
      { kind: 'review' },
      { kind: 'comment', command: '/ok-to-test' },
    ]);
  });

  test.each([
    ['', /is not a trust policy/],
    ['intern', /did you mean "internal"/],
    ['internal:x', /is not a trust policy/],
    ['author:', /is not a trust policy/],
    ['label:', /is not a trust policy/],
    ['review:anybody', /is not a trust policy/],
    ['comment:ok', /is not a trust policy/],
    ['comment:/a b', /is not a trust policy/],
    ['author:NONE', /would trust every stranger/],
    ['author:FIRST_TIME_CONTRIBUTOR', /would trust every stranger/],
  ])('%j is refused', (text, words) => {
    const parse = () => parsePolicies([text]);
    expect(parse).toThrow(words);
    expect(parse).toThrow(expect.objectContaining({ code: 'config' }));
  });
});
