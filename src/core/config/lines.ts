import type { KeyPath } from './problem.ts';

export interface Place {
  /** Both 1-based. */
  readonly line: number;
  readonly column: number;
}

/**
 * Where each key path of a YAML or JSON text begins. Only asked for when there is a problem to report, so the text is parsed
 * a second time, this time for positions; a path that the text does not hold gets the place of its nearest parent.
 */
export async function placesIn(text: string): Promise<(keys: KeyPath) => Place | undefined> {
  const starts = await keyStarts(text).catch(() => new Map<string, number>());
  return (keys) => {
    for (let length = keys.length; length > 0; length--) {
      const start = starts.get(identity(keys.slice(0, length)));
      if (start !== undefined) return placeAt(text, start);
    }
    return undefined;
  };
}

/** The 1-based place of an offset. */
export function placeAt(text: string, offset: number): Place {
  const before = text.slice(0, offset).split(/\r\n|\r|\n/);
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** A collection that the event stream is inside of; `key` is the pending key of a mapping, `index` counts a sequence. */
interface Level {
  readonly keys: KeyPath;
  readonly kind: 'document' | 'mapping' | 'sequence';
  key: string | undefined;
  index: number;
}

async function keyStarts(text: string): Promise<Map<string, number>> {
  const { parseEvents, getScalarValue, EVENT_ID } = await import('js-yaml');
  const starts = new Map<string, number>();
  const levels: Level[] = [];
  for (const event of parseEvents(text, {})) {
    const level = levels.at(-1);
    switch (event.type) {
      case EVENT_ID.POP:
        levels.pop();
        break;
      case EVENT_ID.DOCUMENT:
        levels.push({ keys: [], kind: 'document', key: undefined, index: 0 });
        break;
      case EVENT_ID.SCALAR:
        if (awaitsKey(level)) {
          level.key = getScalarValue(text, event);
          // The value of a quoted scalar begins after its quote.
          const quoted = /["']/.test(text[event.valueStart - 1] ?? '');
          starts.set(identity([...level.keys, level.key]), event.valueStart - (quoted ? 1 : 0));
        } else {
          enter(level, event.valueStart, starts);
        }
        break;
      case EVENT_ID.ALIAS:
        enter(level, event.anchorStart, starts);
        break;
      default:
        levels.push({
          keys: enter(level, event.start, starts),
          kind: event.type === EVENT_ID.MAPPING ? 'mapping' : 'sequence',
          key: undefined,
          index: 0,
        });
    }
  }
  return starts;
}

function awaitsKey(level: Level | undefined): level is Level {
  return level?.kind === 'mapping' && level.key === undefined;
}

/** The key path of the value that begins here; remembers the place of list items, which have no key to point at. */
function enter(level: Level | undefined, start: number, starts: Map<string, number>): KeyPath {
  if (level === undefined || level.kind === 'document') return [];
  if (level.kind === 'sequence') {
    const keys = [...level.keys, level.index++];
    starts.set(identity(keys), start);
    return keys;
  }
  const keys = [...level.keys, level.key ?? ''];
  level.key = undefined;
  return keys;
}

function identity(keys: KeyPath): string {
  return JSON.stringify(keys);
}
