/** What a route asks of whoever calls it. */
export const SCOPES = ['predict', 'read', 'operate', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

export const ROLES = ['predictor', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** predict: /predict, /explain. read: runs, deployments, lineage. operate: what changes them. admin: users and keys. */
export const SCOPES_OF: Readonly<Record<Role, readonly Scope[]>> = {
  predictor: ['predict', 'read'],
  operator: ['predict', 'read', 'operate'],
  admin: ['predict', 'read', 'operate', 'admin'],
};
