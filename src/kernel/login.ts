/**
 * What the bytes begin with that are signed to log in over 9P. `identity/sign` refuses them: what an agent is talked into
 * signing must never open a session. docs/security.md tells it to other programs.
 */
export const LOGIN = 'weft 9p login\n';
