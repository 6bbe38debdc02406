// SPDX-License-Identifier: GPL-2.0
/*
 * KVM's guests and ours on the same processor.
 *
 *	kvm [unload]
 *
 * Claim: whoever of the two runs in between, SYSCALL of each leads where that one
 * said: KVM's guest to its own handler, ours to the switcher, a program's to the
 * host's kernel; also if KVM looked at the processor, to know what to give back,
 * while a guest of ours was there.
 *
 * "unload": also when the module has gone since, and KVM's guest has not come out.
 *
 * Both lend SYSCALL to their guests until the processor returns to a program; two
 * threads that spin in a guest each are switched between, and it does not.
 *
 * Source: README, "KVM loaded beside lg.ko"; Linux's user_return_notifier, KVM's
 * kvm_user_return_msr_cpu_online().
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lgdev.h"
#include "verdict.h"

#define MEMORY	(2u << 20)
#define CODE	0x1000
#define STACK	0x2000
#define COUNTER	0x3000
#define TABLES	0x4000
#define ROUNDS	15

/*
 * What KVM's guest does: SYSCALL, from privilege 0 as may be, to a handler that
 * counts and goes back.
 */
asm(".pushsection .rodata\n"
    "code:\n\t"
    "movl	$0xc0000082, %ecx\n\t"
    "movl	$0x1000 + handler - code, %eax\n\t"
    "xorl	%edx, %edx\n\t"
    "wrmsr\n\t"
    "movl	$0xc0000084, %ecx\n\t"
    "xorl	%eax, %eax\n\t"
    "wrmsr\n\t"
    "movl	$0xc0000081, %ecx\n\t"
    "movl	$8, %edx\n\t"
    "wrmsr\n"
    "1:	syscall\n\t"
    "jmp	1b\n"
    "handler:\n\t"
    "incq	0x3000\n\t"
    "jmpq	*%rcx\n"
    "code_end:\n"
    ".popsection");
extern const char code[], code_end[];

struct vm {
	int vm, vcpu;
	struct kvm_run *run;
	uint8_t *mem;
};

static int kvm_fd, kvm_run_size;
static atomic_int ours_stop, kvm_stop, kvm_failed;

static void on_signal(int sig)
{
	(void)sig;
}

static void stay(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		error("cannot stay on CPU %d: %s", cpu, strerror(errno));
}

static void kvm_ioctl(int fd, unsigned long request, void *arg,
		      const char *what)
{
	if (ioctl(fd, request, arg) < 0)
		error("%s: %s", what, strerror(errno));
}

/* Flat segments and the first 2 MiB where they are, in 64-bit mode. */
static void vm_registers(struct vm *v)
{
	struct kvm_segment seg = { .limit = -1, .type = 3, .present = 1,
				   .s = 1, .db = 1, .g = 1, .selector = 16 };
	struct kvm_regs regs = { .rip = CODE, .rsp = STACK, .rflags = 2 };
	uint64_t *table = (uint64_t *)(v->mem + TABLES);
	struct kvm_sregs s;

	table[0] = (TABLES + 0x1000) | 3;
	table[512] = (TABLES + 0x2000) | 3;
	table[1024] = 0x83;
	kvm_ioctl(v->vcpu, KVM_GET_SREGS, &s, "KVM_GET_SREGS");
	s.ds = s.es = s.fs = s.gs = s.ss = seg;
	seg.type = 11;
	seg.db = 0;
	seg.l = 1;
	seg.selector = 8;
	s.cs = seg;
	s.cr3 = TABLES;
	s.cr4 |= 1 << 5;			/* PAE */
	s.cr0 |= 1u << 31 | 1;			/* PG, PE */
	s.efer |= 1 << 0 | 1 << 8 | 1 << 10;	/* SCE, LME, LMA */
	kvm_ioctl(v->vcpu, KVM_SET_SREGS, &s, "KVM_SET_SREGS");
	kvm_ioctl(v->vcpu, KVM_SET_REGS, &regs, "KVM_SET_REGS");
}

static void vm_create(struct vm *v)
{
	struct kvm_userspace_memory_region region = { .memory_size = MEMORY };

	v->vm = ioctl(kvm_fd, KVM_CREATE_VM, 0);
	if (v->vm < 0)
		error("KVM_CREATE_VM: %s", strerror(errno));
	v->mem = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	region.userspace_addr = (uintptr_t)v->mem;
	memcpy(v->mem + CODE, code, (uintptr_t)code_end - (uintptr_t)code);
	kvm_ioctl(v->vm, KVM_SET_TSS_ADDR, (void *)0xfffbd000, "KVM_SET_TSS_ADDR");
	kvm_ioctl(v->vm, KVM_SET_USER_MEMORY_REGION, &region, "memory");
	v->vcpu = ioctl(v->vm, KVM_CREATE_VCPU, 0);
	if (v->vcpu < 0)
		error("KVM_CREATE_VCPU: %s", strerror(errno));
	v->run = mmap(NULL, kvm_run_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		      v->vcpu, 0);
	if (v->run == MAP_FAILED)
		error("KVM's run page: %s", strerror(errno));
	vm_registers(v);
}

static void vm_destroy(struct vm *v)
{
	munmap(v->run, kvm_run_size);
	munmap(v->mem, MEMORY);
	close(v->vcpu);
	close(v->vm);
}

static uint64_t vm_count(struct vm *v)
{
	return *(volatile uint64_t *)(v->mem + COUNTER);
}

/* Until a signal, and it has nothing else to say. */
static void vm_run(struct vm *v)
{
	if (!ioctl(v->vcpu, KVM_RUN, 0) || errno != EINTR) {
		failure("KVM's guest came out: %s, reason %u",
			strerror(errno), v->run->exit_reason);
		kvm_failed = 1;
	}
}

static void *spin_kvm(void *arg)
{
	stay(0);
	while (!kvm_stop && !kvm_failed)
		vm_run(arg);
	return NULL;
}

static void *spin_ours(void *how)
{
	struct lgdev g;
	int ret;

	stay(0);
	lgdev_start(&g, lgdev_guest_path("forever-2level"), how);
	g.quiet = true;
	do
		ret = lgdev_run(&g);
	while (ret == -EINTR && !ours_stop);
	CHECK(ret == -EINTR, "our guest: exit %d: %.100s", ret, g.run->reason);
	lgdev_destroy(&g);
	return NULL;
}

static void start(pthread_t *thread, void *(*fn)(void *), void *arg)
{
	if (pthread_create(thread, NULL, fn, arg))
		error("no thread");
}

/* A signal that comes before the thread waits for one is lost. */
static void end(pthread_t thread, atomic_int *stop)
{
	struct timespec until;

	*stop = 1;
	do {
		pthread_kill(thread, SIGUSR1);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += 20000000;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
	} while (pthread_timedjoin_np(thread, NULL, &until));
}

static bool syscalls_work(void)
{
	int i;

	for (i = 0; i < 100; i++)
		if (syscall(SYS_getpid) != getpid() ||
		    syscall(SYS_close, -1) != -1 || errno != EBADF)
			return false;
	return true;
}

/* KVM turns itself on with its first guest, on all processors. */
static void turn_on(void)
{
	pthread_t ours;
	int i;

	start(&ours, spin_ours, "hcall");
	for (i = 0; i < ROUNDS && !kvm_failed; i++) {
		struct vm v;
		pthread_t kvm;

		usleep(5000);
		vm_create(&v);
		kvm_stop = 0;
		start(&kvm, spin_kvm, &v);
		while (!vm_count(&v) && !kvm_failed)
			usleep(1000);
		end(kvm, &kvm_stop);
		vm_destroy(&v);
		CHECK(syscalls_work(), "system calls");
	}
	end(ours, &ours_stop);
}

/* Long enough for some dozens of switches from one to the other. */
static void side_by_side(void)
{
	pthread_t hcall, spin, kvm;
	struct vm v;
	uint64_t before;

	ours_stop = kvm_stop = 0;
	vm_create(&v);
	start(&kvm, spin_kvm, &v);
	start(&hcall, spin_ours, "hcall");
	start(&spin, spin_ours, "spin");
	usleep(500000);
	before = vm_count(&v);
	usleep(1000000);
	CHECK(vm_count(&v) > before, "KVM's guest stands still");
	end(hcall, &ours_stop);
	end(spin, &ours_stop);
	end(kvm, &kvm_stop);
	CHECK(syscalls_work(), "system calls");
	vm_destroy(&v);
}

/* Its launcher dies in the kernel: no program runs there before KVM's guest. */
static void unload(void)
{
	pthread_t kvm;
	struct vm v;
	pid_t pid;

	stay(1);
	pid = fork();
	if (!pid) {
		spin_ours("hcall");
		_exit(1);
	}
	vm_create(&v);
	start(&kvm, spin_kvm, &v);
	usleep(500000);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	CHECK(!syscall(SYS_delete_module, "lg", O_NONBLOCK), "unload: %m");
	end(kvm, &kvm_stop);
	stay(0);
	CHECK(syscalls_work(), "system calls");
	vm_destroy(&v);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };

	(void)argv;
	kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm_fd < 0)
		skip("no KVM: %s", strerror(errno));
	kvm_run_size = ioctl(kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	sigaction(SIGUSR1, &action, NULL);
	if (argc > 1) {
		unload();
	} else {
		turn_on();
		side_by_side();
	}
	finish();
}
