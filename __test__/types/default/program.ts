// A program that does not list Node's declarations in its configuration. It knows them by the package alone.
import type { Mmap } from 'fmmap'

export const bytes = (map: Mmap): Buffer => map.view()
// @ts-expect-error a view is no number: this would pass if Buffer were unknown, and so any
export const wrong = (map: Mmap): number => map.view()
