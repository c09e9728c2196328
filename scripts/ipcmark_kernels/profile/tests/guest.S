# A guest without a kernel, for the plugin's test: two windows whose every instruction is known. Multiboot starts it in
# 32 bits, where the markers mean the same as in 64.
        .set    multiboot, 0x1badb002
        .text
        .align  4
        .long   multiboot, 0, -multiboot

        .macro  marker bits
        .byte   0x0f, 0x1f, 0x84, 0x00
        .long   0x1bc50000 | \bits
        .endm

        .text
        .globl  _start, twice, thrice
_start:
        mov     $stack_top, %esp
        marker  0x8001
        call    twice
        call    thrice
        marker  0x0001
        call    twice                   # outside of any window
        marker  0x8002
        call    thrice
        marker  0x0002
        marker  0x8001                  # the first case measures once more
        call    twice
        marker  0x0001
        mov     $21, %al
        mov     $0xf4, %dx
        outb    %al, %dx                # isa-debug-exit: QEMU ends with 43
        hlt

twice:                                  # 1 + 2 * 1000 + 1 instructions
        mov     $1000, %ecx
1:      dec     %ecx
        jnz     1b
        ret

thrice:                                 # 1 + 3 * 500 + 1 instructions
        mov     $500, %ecx
1:      nop
        dec     %ecx
        jnz     1b
        ret

        .bss
        .space  4096
stack_top:
        .section .note.GNU-stack, "", @progbits
