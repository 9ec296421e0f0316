// Two rules for the gate in one file. The default export is data; nothing happens on import. A rule is a name, the facts that it
// needs, and one pure function. Types for editors: import('git-sluice').Plugin

/** @type {import('git-sluice').Plugin} */
export default {
  name: 'house-rules-example',
  apiVersion: 1,
  rules: [
    { name: 'ticket', judge: judgeTicket },
    { name: 'company-mail', needs: ['people'], judge: judgeMail },
  ],
};

/**
 * The title of the change request must name a ticket.
 *
 * @param {import('git-sluice').RuleFacts} facts
 * @param {unknown} settings `{ project: 'SEC' }`
 * @returns {import('git-sluice').RuleAnswer}
 */
function judgeTicket({ change }, settings) {
  const project = settings?.project;
  if (typeof project !== 'string' || !/^[A-Z]+$/.test(project)) {
    return { status: 'undetermined', sentence: 'gate.rules.ticket needs a project, for example { project: SEC }' };
  }
  if (change === undefined) return { status: 'rejected', sentence: 'without a change request there is no ticket' };
  const ticket = new RegExp(`\\b${project}-\\d+\\b`).exec(change.title)?.[0];
  if (ticket !== undefined) return { status: 'approved', sentence: `the title names ${ticket}` };
  return { status: 'rejected', sentence: `the title names no ticket: begin it with ${project}-123` };
}

/**
 * Whoever wrote the commit must have done so with a mail address of the company.
 *
 * @param {import('git-sluice').RuleFacts} facts
 * @param {unknown} settings `{ domain: 'example.org' }`
 * @returns {import('git-sluice').RuleAnswer}
 */
function judgeMail({ people }, settings) {
  const domain = settings?.domain;
  if (typeof domain !== 'string') return { status: 'undetermined', sentence: 'gate.rules.company-mail needs a domain' };
  // What is not known is never a yes.
  if (!('known' in people)) {
    return { status: 'undetermined', sentence: `who wrote the commit is not known: ${people.unknown.problem}` };
  }
  const stranger = people.known.find(({ email }) => !email?.toLowerCase().endsWith(`@${domain.toLowerCase()}`));
  if (stranger === undefined) return { status: 'approved', sentence: `everybody wrote with an address of ${domain}` };
  const who = stranger.email ?? stranger.name ?? 'somebody';
  return { status: 'rejected', sentence: `${who} has no address of ${domain}: write the commit with one` };
}
