// Prefixes that forges publish so that scanners can find leaked credentials: GitHub (ghp_ … github_pat_), GitLab (glpat- and
// its relatives), Bitbucket (ATBB, ATCTT, BBDC-), and PEM private keys.
const shapes =
  /(?:\bgh[pousr]_[A-Za-z0-9]{16}|\bgithub_pat_[A-Za-z0-9_]{16}|\bgl(?:pat|dt|rt|cbt|ptt|ft|soat|agent)-[A-Za-z0-9_-]{12}|\bAT(?:BB|CTT)[A-Za-z0-9_=-]{12}|\bBBDC-[A-Za-z0-9+/]{12}|-----BEGIN [A-Z ]*PRIVATE KEY-----)/;

/** Whether the text holds something that can only be a forge's credential. No match does not mean that it is harmless. */
export function looksLikeToken(text: string): boolean {
  return shapes.test(text);
}
