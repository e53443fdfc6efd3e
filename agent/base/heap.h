/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_BASE_HEAP_H
#define SECCOMPD_BASE_HEAP_H

/** For a process that stays and mostly waits: what it lets go of goes back to the node. */
void heap_give_back(void);

/** For a child that ends soon: nothing is given back before its end, which gives all. */
void heap_keep(void);

#endif
