// A forge in a plugin: a plain git server with a JSON file that lists change requests. It has one role, `changes`; sluice tells
// users by name what it cannot do. The code that talks to the server is imported when an alias of this type is first used.

/** @type {import('git-sluice').Plugin} */
export default {
  name: 'git-index-example',
  apiVersion: 1,
  forges: [{ type: 'git-index', load: async () => await import('./forge.js') }],
};
