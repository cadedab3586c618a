/** Which runtime this is, where one of them needs another way than the others. */

export const isBun: boolean = 'Bun' in globalThis
export const isDeno: boolean = 'Deno' in globalThis
