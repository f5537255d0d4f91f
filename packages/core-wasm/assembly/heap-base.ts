/** The first byte after the module's own static data: the host lays out its heap from here. */
export const heapBase: usize = __heap_base;
