/**
 * How index.js comes to index.cjs. It calls a function, because an error that a CommonJS module throws while
 * it is imported ends the process on Node 20, though the program catches it.
 */

'use strict'

module.exports = () => require('./index.cjs')
