// The public surface for plugin authors; everything else is internal and may change in any release.
export { type ErrorCode, type ErrorDetails, type ExitStatus, SluiceError } from './core/errors.ts';
export type { ForgeDefinition, ForgeModule, ForgeOptions } from './core/forges/definition.ts';
export type {
  CallOptions,
  ChangesRole,
  Forge,
  GitCredential,
  RepositoriesRole,
  Repository,
  StatusesRole,
} from './core/forges/forge.ts';
export type { Change, ChangeSide } from './core/model/change.ts';
export type { Check, CheckState } from './core/model/check.ts';
export type { CommitPersonFact, Fact, Push, UnknownFact } from './core/model/gate-facts.ts';
export type { GateNeed, GateRule, RuleAnswer, RuleFacts } from './core/model/gate-rule.ts';
export type { Review, ReviewHistory, ReviewState } from './core/model/review.ts';
export type { CommitStatus, StatusState } from './core/model/status.ts';
export type { Verdict, VerdictStatus } from './core/model/verdict.ts';
export type {
  ArgumentSpec,
  CommandContext,
  CommandInput,
  CommandOutcome,
  CommandSpec,
  Log,
  OptionSpec,
} from './core/plugins/command.ts';
export type { Plugin } from './core/plugins/contract.ts';
export { Secret } from './core/secret.ts';
