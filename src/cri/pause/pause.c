// The process that holds a pod's namespaces: it collects children that were orphaned into a shared process namespace, and ends when
// it is told to. Without a C library, so that the image is a few kilobytes and the program maps almost nothing.
#include <asm/unistd.h>
#include <linux/signal.h>

#define WNOHANG 1

static long call4(long number, long a, long b, long c, long d) {
#if defined(__x86_64__)
  long result;
  register long r10 __asm__("r10") = d;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
  return x0;
#else
#error "pause: this processor's system calls are not known here"
#endif
}

// Blocked signals are not lost, not even those that the first process of a namespace would ignore; they are taken one by one.
void _start(void) {
  const unsigned long set = 1ul << (SIGCHLD - 1) | 1ul << (SIGTERM - 1) | 1ul << (SIGINT - 1);
  call4(__NR_rt_sigprocmask, SIG_BLOCK, (long)&set, 0, sizeof set);
  for (;;) {
    const long number = call4(__NR_rt_sigtimedwait, (long)&set, 0, 0, sizeof set);
    if (number == SIGTERM || number == SIGINT) call4(__NR_exit_group, 0, 0, 0, 0);
    while (call4(__NR_wait4, -1, 0, WNOHANG, 0) > 0) {
    }
  }
}
