/** What the tests use of rooms.mjs. */

export interface House {
  root: string
  floors: readonly string[]
}

/** What is wrong in the houses below `root`, as lines to print; the arrows between rooms; how many files there are. */
export function checkRooms(
  root: string,
  houses?: readonly House[],
): { problems: string[]; arrows: Map<string, Set<string>>; files: number }
