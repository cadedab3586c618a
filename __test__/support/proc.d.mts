export function openFiles(): string[]
export function descriptors(path: string): number
export function mappings(path?: string): number
export function areasOf(path: string): string[]
export function threads(name?: string): number
export function memory(field: string): number
