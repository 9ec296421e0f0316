import { openOperator } from '../core/app/serve-operator.ts';
import { SluiceError } from '../core/errors.ts';
import { parseCount } from '../core/model/count.ts';
import { cutDescription } from '../core/model/status.ts';
import type { CommandSpec } from '../core/plugins/command.ts';
import { type DeliveryFilter, type DeliveryView, deliveryResults } from '../core/serve/read-model.ts';
import { printable, table } from '../core/ui/table.ts';
import { acted, dataDir, longestCell, moment, whoAmI } from './operator-words.ts';

const oneDelivery = [{ name: 'delivery', description: "the forge's id of it", required: true }] as const;
const listHint = 'sluice deliveries list shows them.';

const listCommand: CommandSpec = {
  name: 'list',
  summary: 'list deliveries, newest first',
  options: [
    { flags: '--repo <name>', description: 'only of this repository, as the list names it' },
    { flags: '--source <name>', description: 'only of this source' },
    { flags: '--result <result>', description: 'only those that ended like this', choices: deliveryResults },
    { flags: '-n, --limit <n>', description: 'how many (default: 20)', parse: parseCount },
    { flags: '--before <cursor>', description: 'only older ones: `next` of a page before' },
    dataDir,
  ],
  examples: [{ note: 'why nothing happened', command: 'sluice deliveries list --result ignored' }],
  async run(context, { options }) {
    const { repo, source, result, limit = 20, before } = options as ListOptions;
    await using open = await openOperator(context, options.dataDir as string | undefined);
    const { items, next } = await open.operator.deliveries({ repo, source, result, limit, before });
    const text = items.length === 0 ? 'no deliveries' : table(items.map(row));
    return { exit: 0, json: { command: 'deliveries list', deliveries: items, next }, text };
  },
};

interface ListOptions {
  readonly repo?: string;
  readonly source?: string;
  readonly result?: DeliveryFilter['result'];
  readonly limit?: number;
  readonly before?: string;
}

const showCommand: CommandSpec = {
  name: 'show',
  summary: 'print a delivery with its headers and body, and what it led to',
  arguments: oneDelivery,
  options: [dataDir],
  examples: [{ note: 'its body alone', command: 'sluice deliveries show ID --json | jq -r .delivery.body' }],
  async run(context, { arguments: [guid = ''], options }) {
    await using open = await openOperator(context, options.dataDir as string | undefined);
    const found = await open.operator.delivery(guid);
    if (found === undefined)
      throw new SluiceError('usage', `there is no delivery ${printable(guid)}`, { hint: listHint });
    const { items } = await open.operator.runs({ delivery: guid, limit: 100 });
    const body = found.body === undefined ? undefined : Buffer.from(found.body).toString('utf8');
    const lines = [
      ...Object.entries(found.headers).map(([name, value]) => printable(`${name}: ${value}`)),
      '',
      body ?? '(the body is not kept any more)',
      '',
      ...items.map(({ id, name, state }) => printable(`job ${id}: ${name} ${state}`)),
      ...(found.reason === '' ? [] : [printable(`nothing to do: ${found.reason}`)]),
    ];
    const json = { command: 'deliveries show', delivery: { ...found, body }, jobs: items };
    return { exit: 0, json, text: lines.join('\n') };
  },
};

const replayCommand: CommandSpec = {
  name: 'replay',
  summary: 'handle a stored delivery again, as if it had just come',
  arguments: oneDelivery,
  options: [dataDir],
  examples: [{ note: 'also what had succeeded', command: 'sluice deliveries replay ID' }],
  async run(context, { arguments: [guid = ''], options }) {
    await using open = await openOperator(context, options.dataDir as string | undefined);
    const done = await open.operator.replay(guid, whoAmI(context));
    return acted(done, { command: 'deliveries replay', live: open.live, listHint });
  },
};

/** `sluice deliveries`: what forges have sent to a server. */
export const deliveriesCommand: CommandSpec = {
  name: 'deliveries',
  summary: 'list, show and replay the webhook deliveries of sluice serve',
  description:
    'Asks the running sluice serve of the same data directory; when none runs, its store is opened, and what is replayed waits for the next start.',
  subcommands: [listCommand, showCommand, replayCommand],
};

function row({ guid, receivedAt, source, event, repo = '', result, reason, repeats, runs }: DeliveryView) {
  const led = Object.entries(runs).map(([state, count]) => `${count} ${state}`);
  const why = printable(cutDescription([reason, ...led].filter(Boolean).join(', '), longestCell));
  return [
    printable(guid),
    moment(receivedAt),
    source,
    printable(event),
    repo,
    repeats > 0 ? `${result} ×${repeats + 1}` : result,
    why,
  ];
}
