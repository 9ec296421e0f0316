import { describe, expect, test } from 'vitest';
import {
  fillTemplate,
  needsChangeFacts,
  parseTemplate,
  templateNamespace,
  templatePattern,
} from '../../../src/core/mirror/template.ts';

describe('templates', () => {
  test.each([
    ['pr/{number}', { number: '7' }, 'pr/7'],
    ['{name}', { name: 'a/b' }, 'a/b'],
    ['{head.owner}/{head.ref}-{number}', { number: '7', 'head.owner': 'ann', 'head.ref': 'x/y' }, 'ann/x/y-7'],
    ['$&{name}$1', { name: '$2' }, '$&$2$1'],
    ['plain', {}, 'plain'],
  ])('%s is filled, and its pattern matches what it made', (text, values, name) => {
    const template = parseTemplate(text);
    expect(fillTemplate(template, values)).toEqual({ name });
    expect(templatePattern(template).test(name)).toBe(true);
    expect(templatePattern(template).test(`x${name}\nx`)).toBe(false);
  });

  test('a value that is missing is named', () => {
    expect(fillTemplate(parseTemplate('x/{number}'), { name: 'a' })).toEqual({ missing: 'number' });
  });

  test('a placeholder written twice stands for one value', () => {
    const pattern = templatePattern(parseTemplate('{number}/{number}'));
    expect([pattern.test('7/7'), pattern.test('7/8')]).toEqual([true, false]);
  });

  test.each([
    ['pr/{number}', 'pr/'],
    ['a/b/pr-{number}', 'a/b/'],
    ['pr-{number}', undefined],
    ['{name}', undefined],
    ['pr/7', 'pr/'],
  ])('the directory that %s keeps to', (text, namespace) => {
    expect(templateNamespace(parseTemplate(text))).toBe(namespace);
  });

  test('only facts of the head need the API', () => {
    expect([needsChangeFacts(parseTemplate('pr/{number}')), needsChangeFacts(parseTemplate('{head.ref}'))]).toEqual([
      false,
      true,
    ]);
  });

  test.each(['{x}', '{}', '{Number}', '{head}'])('%s is unknown', (text) => {
    expect(() => parseTemplate(text)).toThrow(/unknown placeholder/);
  });
});
