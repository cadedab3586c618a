/** What the tests use of layers.mjs. */

export interface Stack {
  root: string
  layers: readonly string[]
}

/** What is wrong in the stacks below `root`, as lines to print; the imports between modules; how many files there are. */
export function checkLayers(
  root: string,
  stacks?: readonly Stack[],
): { problems: string[]; imports: Map<string, Set<string>>; files: number }
