export { findManifest, readCatalogue } from './catalogue.js';
export { type DerivedModel, derivedFolder, derivedModel } from './derived.js';
export { type CheckedDerived, checkDerived, type DerivedEntry, listDerived, removeDerived } from './derived-store.js';
export { headerOfModel } from './header.js';
export { parseManifest } from './manifest.js';
export { nameOfModel, readSpec, resolveModel } from './resolve.js';
export { checkInstalled, hasLeftovers, installedNames, installedStats, modelPath, removeModel } from './store.js';
export * from './types.js';
