// A subcommand in one file: `sluice whereis gh:acme/app` prints where a repository is. The default export is data; nothing
// happens on import. Types for editors: import('git-sluice').Plugin

/** @type {import('git-sluice').Plugin} */
export default {
  name: 'whereis-example',
  apiVersion: 1,
  commands: [
    {
      name: 'whereis',
      summary: 'print the addresses of a repository on a configured forge',
      arguments: [{ name: 'repo', description: 'alias:owner/name', required: true }],
      options: [{ flags: '--clone', description: 'print only the address for git clone' }],
      examples: [
        { command: 'sluice whereis github:git/git', note: 'its web page and its address for git' },
        { command: 'git clone "$(sluice whereis --clone example:acme/app)"', note: 'clone by alias' },
      ],
      run: whereis,
    },
  ],
};

/**
 * @param {import('git-sluice').CommandContext} context
 * @param {import('git-sluice').CommandInput} input
 * @returns {Promise<import('git-sluice').CommandOutcome>}
 */
async function whereis(context, input) {
  const [alias, path] = (input.arguments[0] ?? '').split(':');
  if (!alias || !path) return { exit: 1, text: 'Write the repository as alias:owner/name' };
  const forge = await context.forge(alias);
  const found = { web: `${forge.webUrl}/${path}`, clone: forge.cloneUrl(path) };
  context.log.debug('found', found);
  return {
    exit: 0,
    text: input.options.clone ? found.clone : `web    ${found.web}\nclone  ${found.clone}`,
    json: found,
  };
}
