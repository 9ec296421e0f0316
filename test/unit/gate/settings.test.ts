import { describe, expect, test } from 'vitest';
import { gateDefaults } from '../../../src/core/config/defaults.ts';
import { prepareLookups } from '../../../src/core/gate/queries.ts';
import { type GateFlags, gateSettings, policyOf } from '../../../src/core/gate/settings.ts';
import { head } from './scene.ts';

const policyFrom = (flags: GateFlags, config: Partial<typeof gateDefaults> = {}) =>
  policyOf(gateSettings(flags, { ...gateDefaults, ...config }), [], flags);

describe('the policy', () => {
  test('comes from flags over the configuration', async () => {
    const config = { minApprovals: 2, requiredApps: ['ci'], map: { main: 'out' }, lookup: ['sha'] };
    expect(await policyFrom({}, config)).toMatchObject({
      minApprovals: 2,
      requiredApps: ['ci'],
      map: [{ glob: 'main', template: 'out' }],
      lookup: [{ kind: 'commit' }],
    });
    const flags: GateFlags = {
      minApprovals: 1,
      requiredApp: ['a', 'b'],
      map: ['x/*=y={branch}'],
      lookup: ['label:go {sha}', 'branch'],
      allowBot: ['b'],
    };
    expect(await policyFrom(flags, config)).toMatchObject({
      minApprovals: 1,
      requiredApps: ['a', 'b'],
      map: [{ glob: 'x/*', template: 'y={branch}' }],
      lookup: [{ kind: 'label', template: 'go {sha}' }, { kind: 'branch' }],
      allowBots: ['b'],
    });
  });

  test('names a check with the apps from which it counts', async () => {
    const checks = async (requiredCheck: readonly string[], requiredApp: readonly string[] = []) =>
      (await policyFrom({ requiredCheck, requiredApp })).requiredChecks;
    expect(await checks(['build'])).toEqual([{ name: 'build', apps: undefined }]);
    expect(await checks(['build'], ['ci'])).toEqual([{ name: 'build', apps: ['ci'] }]);
    expect(await checks(['build@gh', 'a@b@*', 'mail @ home', '@x'], ['ci'])).toEqual([
      { name: 'build', apps: ['gh'] },
      { name: 'a@b', apps: undefined },
      { name: 'mail @ home', apps: ['ci'] },
      { name: '@x', apps: ['ci'] },
    ]);
  });

  test.each<[GateFlags, Partial<typeof gateDefaults>, string]>([
    [{ minApprovals: 0 }, {}, 'usage'],
    [{}, { minApprovals: 0 }, 'config'],
    [{ lookup: ['nowhere'] }, {}, 'usage'],
    [{}, { lookup: [] }, 'config'],
    [{ lookup: ['label:{nobody}'] }, {}, 'usage'],
    [{}, { map: { main: '{dat}' } }, 'config'],
    [{ map: ['main'] }, {}, 'usage'],
    [{ timeout: 0 }, {}, 'usage'],
    [{ base: ['x'.repeat(100_000)] }, {}, 'usage'],
    [{}, { bases: [''] }, 'config'],
    [{ requireCodeOwners: true }, {}, 'usage'],
    [{}, { requireCodeOwners: true }, 'config'],
    [{ upToDate: true }, {}, 'usage'],
    [{}, { upToDate: true }, 'config'],
    [{ minApprovals: 0, upToDate: true, base: ['main'] }, {}, 'usage'],
  ])('that cannot be meant is refused: %j %j', async (flags, config, code) => {
    await expect(policyFrom(flags, config)).rejects.toThrow(expect.objectContaining({ code }));
  });

  test('may do without approvals where something else is asked for', async () => {
    for (const more of [
      { requiredCheck: ['x'] },
      { requiredApp: ['x'] },
      { requireTeam: ['x'] },
    ] satisfies GateFlags[]) {
      expect((await policyFrom({ minApprovals: 0, ...more })).minApprovals).toBe(0);
    }
  });
});

test('--map keeps the order of the command line, whatever the globs look like', async () => {
  const { map } = await policyFrom({ map: ['release=a', '2024=b', 'release=c', '__proto__=d'] });
  expect(map.map(({ glob, template }) => `${glob} ${template}`)).toEqual([
    'release a',
    '2024 b',
    'release c',
    '__proto__ d',
  ]);
});

test('templates are filled for the pushed branch, and the first glob that matches counts', async () => {
  const { map } = await policyFrom({ map: ['release/**=r-{branch}', '*=outbound/{date}-{sha}'] });
  const at = Date.UTC(2026, 10, 21, 23, 59, 59);
  const branch = (name: string) => {
    const [first] = prepareLookups({ branch: name }, head, { lookup: [{ kind: 'branch' }], map }, at);
    return first?.query;
  };
  expect(branch('release/1/2')).toEqual({ kind: 'branch', branch: 'r-release/1/2' });
  expect(branch('main')).toEqual({ kind: 'branch', branch: `outbound/2026-11-21-${head}` });
  expect(branch('feature/x')).toEqual({ kind: 'branch', branch: 'feature/x' });
});
