/**
 * An error for people, thrown before TypeScript can be loaded: the same shape as EtiquetteError.
 * @param {string} code
 * @param {string} message says what to do next
 */
export function problem(code, message) {
  return Object.assign(new Error(message), {
    name: 'EtiquetteError',
    code,
    retryable: false,
    details: {},
  });
}
