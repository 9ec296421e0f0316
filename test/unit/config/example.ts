/** The example of the specification, whole: every section, written the way users write. */
export const exampleYaml = `
# sluice.yaml: every key optional unless a command needs it; unknown keys are refused
forges:                        # alias → forge; \`github\`, \`gitlab\`, \`bitbucket\` exist without being written
  gh:  { type: github, token: { env: GITHUB_TOKEN } }                       # or app: { id: 123, privateKey: { file: app.pem } }
  int: { type: github, url: https://ghe.example.org, token: { env: GHE_TOKEN } }   # API base derived; \`api:\` overrides it
  lab: { type: gitlab, url: https://git.example.org, token: { file: /run/secrets/lab } }
repositories:
  - repo: gh:acme/app          # \`gh:acme/*\` matches many
    webhook: { secrets: [{ env: HOOK_SECRET }, { env: HOOK_SECRET_OLD }] }
    mirror:                    # sections 2 and 5
      to: lab:mirrors/app
      changes: { as: "pr/{number}", trust: [internal, "author:MEMBER", "label:ok-to-test"], guard: [".gitlab-ci.yml", "ci/**"] }
      branches: [main, "release/*"]
    run:                       # commands beside the hook scripts
      - { name: unit, on: [push, change], branches: ["**"], command: [make, test], checkout: true, timeout: 15m, isolation: bubblewrap, env: [CI_CACHE] }
    poll: { interval: 60s, file: ci/pipeline.py, result: [status, notes] }
  - repo: https://git.example.com/other.git      # any git URL can be polled and mirrored
    poll: { run: [make, test] }
gate: { repos: [int:security/app], minApprovals: 2, requiredApps: [compliance-bot], lookup: [branch, sha], map: { "main": "outbound/{date}" } }
serve: { listen: 127.0.0.1:8080, baseUrl: https://ci.example.org, hooksDir: ./hooks, dataDir: /var/lib/sluice, reconcile: 10m, concurrency: { total: 4, perRepository: 1 }, public: false }
plugins: [./plugins/jira.js, sluice-plugin-bors]
`;
