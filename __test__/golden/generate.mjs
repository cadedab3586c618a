/**
 * Stores the answers of CPython 3.15, which runs in pyodide: `node __test__/golden/generate.mjs`. The cases, and the one
 * topic that it can't answer, are in generate.py.
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { loadPyodide } from 'pyodide'

const python = await loadPyodide()
python.runPython(readFileSync(new URL('generate.py', import.meta.url), 'utf8'))
const answers = python.globals.get('answers')
for (const topic of ['search', 'slices', 'move', 'position', 'flush', 'madvise']) {
  writeFileSync(new URL(`${topic}.json`, import.meta.url), answers(topic))
}
