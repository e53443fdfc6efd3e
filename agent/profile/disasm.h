/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_DISASM_H
#define SECCOMPD_PROFILE_DISASM_H

#include "base/buf.h"
#include "profile/arch.h"
#include "profile/bpf.h"

/**
 * Writes a valid program of `arch` as assembler text, in the syntax of the kernel's bpf_asm
 * (Documentation/networking/filter.rst): labels carry the instruction's index, comments say what a
 * load loads, which call a number is and what a return means. Errors stay in `buf`.
 */
void program_disassemble(Buf *buf, const Program *program, const Arch *arch);

#endif
