import type { Workspace } from '../workspace.ts';

export interface IsolationRequest {
  /** The script's command; paths in it are those of the workspace. */
  readonly command: readonly string[];
  /** The script's environment, from `scriptEnvironment`. */
  readonly env: Readonly<Record<string, string>>;
  readonly workspace: Pick<Workspace, 'dir' | 'checkout' | 'objects' | 'home' | 'tmp'>;
  /** Default false: no network at all. */
  readonly network?: boolean;
  /** Further absolute paths of this machine that the script may read: tool chains, caches, the payload. */
  readonly readOnly?: readonly string[];
  /** Image of the container; needed for podman and docker. */
  readonly image?: string | undefined;
  /** sluice's own environment, for the client of a container engine (HOME, DOCKER_HOST, XDG_RUNTIME_DIR). */
  readonly clientEnv: Readonly<Record<string, string | undefined>>;
  /** Owner of the workspace. */
  readonly user: { readonly uid: number; readonly gid: number };
  /** OCI runtime of the container engine, for machines whose default does not work (crun on hybrid cgroups). */
  readonly runtime?: string | undefined;
}
