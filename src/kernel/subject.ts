/** Who acts. It comes from the mount, the socket or an authenticated key, never from a name the client gives itself. */
export type Subject =
  /** `remote`: over TCP, so that what the host's own user may do is not meant. */
  | { readonly tier: 'operator'; readonly remote?: true }
  | { readonly tier: 'agent'; readonly name: string }
  | { readonly tier: 'observer' };

export type Tier = Subject['tier'];

/** w: read and write; r: read only; -: absent, so that there is nothing to probe. */
export type Right = 'w' | 'r' | '-';

/** A node's own column of the directory tables. What it does not say is inherited from the directory it lies in. */
export interface Access {
  readonly agent?: Right;
  readonly observer?: Right;
}

export const operator: Subject = { tier: 'operator' };
export const remoteOperator: Subject = { tier: 'operator', remote: true };
export const observer: Subject = { tier: 'observer' };
export const agent = (name: string): Subject => ({ tier: 'agent', name });

/** As it stands in records and in `Origin`: `operator`, `agent:ada`, `observer`. */
export const nameOf = (subject: Subject): string => (subject.tier === 'agent' ? `agent:${subject.name}` : subject.tier);

/** The right a subject has on a node, given what it has on the directory the node lies in. The operator has all. */
export const rightOf = (subject: Subject, access: Access | undefined, inherited: Right): Right =>
  subject.tier === 'operator' ? 'w' : (access?.[subject.tier] ?? inherited);
