/* What the operating system has of threads, a thin layer: POSIX threads, Windows threads, or none
 * (CR_NO_THREADS, and systems that have neither). */
#ifndef COREREG_NATIVE_THREADS_H
#define COREREG_NATIVE_THREADS_H

#include <stdint.h>

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#else
#include <time.h>
#if !defined(CR_NO_THREADS) && !__has_include(<pthread.h>)
#define CR_NO_THREADS
#endif
#endif
#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* The stack of a thread that is started. The largest kernel has 84 KiB on it; what a system gives
 * by default lies between 128 KiB (musl) and 8 MiB (glibc). */
#define NATIVE_STACK (1 << 20)

/* Tells the CPU that this is a loop of waiting, so that it saves power and leaves its execution
 * units to the other thread of the core. */
static inline void cpu_relax(void)
{
#if defined(__x86_64__)
    _mm_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Returns the nanoseconds of a clock that only goes forward. */
static inline int64_t nanoseconds_now(void)
{
#if defined(_WIN32)
    LARGE_INTEGER ticks, a_second;
    QueryPerformanceCounter(&ticks);
    QueryPerformanceFrequency(&a_second);
    return (int64_t)((double)ticks.QuadPart * (1e9 / (double)a_second.QuadPart));
#else
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
#endif
}

/* Sleeps for less than a second, or until a signal has come. */
static inline void sleep_for(long nanoseconds)
{
#if defined(_WIN32)
    Sleep((DWORD)(nanoseconds + 999999) / 1000000);
#else
    const struct timespec moment = {0, nanoseconds};
    nanosleep(&moment, NULL);
#endif
}

/* A THREAD_BODY(name, argument) is a function that start_thread can start. A lock and a condition
 * are ready for use once they are initialized by NATIVE_LOCK and NATIVE_CONDITION. Whoever waits
 * for a condition holds its lock, lets go of it meanwhile, and may wake for no reason. */
#if defined(CR_NO_THREADS)

#define NATIVE_THREADS "none"
#define THREAD_BODY(name, argument) static inline int name(void *argument)
typedef struct {
    char unused;
} native_lock, native_condition;
#define NATIVE_LOCK {0}
#define NATIVE_CONDITION {0}

/* There is nobody to wait for: the functions below do nothing. */
static inline void yield_cpu(void) {}
static inline void take_lock(native_lock *lock) { (void)lock; }
/* See take_lock. */
static inline void leave_lock(native_lock *lock) { (void)lock; }
/* See take_lock. */
static inline void wait_for(native_condition *condition, native_lock *lock)
{
    (void)condition, (void)lock;
}
/* See take_lock. */
static inline void wake_one(native_condition *condition) { (void)condition; }
/* Returns that no thread was started. */
static inline int start_thread(int (*body)(void *), void *argument)
{
    (void)body, (void)argument;
    return 0;
}
/* See take_lock. */
static inline void call_in_forked_child(void (*function)(void)) { (void)function; }

#elif defined(_WIN32)

#define NATIVE_THREADS "Windows threads"
#define THREAD_BODY(name, argument) static DWORD WINAPI name(void *argument)
typedef SRWLOCK native_lock;
typedef CONDITION_VARIABLE native_condition;
#define NATIVE_LOCK SRWLOCK_INIT
#define NATIVE_CONDITION CONDITION_VARIABLE_INIT

/* Lets another thread that is ready run on this CPU. */
static inline void yield_cpu(void) { SwitchToThread(); }
/* Waits until the lock is free, and holds it. */
static inline void take_lock(native_lock *lock) { AcquireSRWLockExclusive(lock); }
/* Lets go of a lock. */
static inline void leave_lock(native_lock *lock) { ReleaseSRWLockExclusive(lock); }
/* Sleeps until the condition wakes this thread. */
static inline void wait_for(native_condition *condition, native_lock *lock)
{
    SleepConditionVariableSRW(condition, lock, INFINITE, 0);
}
/* Wakes a thread that waits for the condition. */
static inline void wake_one(native_condition *condition) { WakeConditionVariable(condition); }
/* Starts a thread that nobody waits for; returns whether there is one. */
static inline int start_thread(DWORD(WINAPI *body)(void *), void *argument)
{
    const HANDLE thread =
        CreateThread(NULL, NATIVE_STACK, body, argument, STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    return thread != NULL && CloseHandle(thread);
}
/* Windows does not fork. */
static inline void call_in_forked_child(void (*function)(void)) { (void)function; }

#else

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#define NATIVE_THREADS "POSIX threads"
#define THREAD_BODY(name, argument) static void *name(void *argument)
typedef pthread_mutex_t native_lock;
typedef pthread_cond_t native_condition;
#define NATIVE_LOCK PTHREAD_MUTEX_INITIALIZER
#define NATIVE_CONDITION PTHREAD_COND_INITIALIZER

/* Lets another thread that is ready run on this CPU. */
static inline void yield_cpu(void) { sched_yield(); }
/* Waits until the lock is free, and holds it. */
static inline void take_lock(native_lock *lock) { pthread_mutex_lock(lock); }
/* Lets go of a lock. */
static inline void leave_lock(native_lock *lock) { pthread_mutex_unlock(lock); }
/* Sleeps until the condition wakes this thread. */
static inline void wait_for(native_condition *condition, native_lock *lock)
{
    pthread_cond_wait(condition, lock);
}
/* Wakes a thread that waits for the condition. */
static inline void wake_one(native_condition *condition) { pthread_cond_signal(condition); }
/* Calls a function in every child that this process forks, on its only thread. */
static inline void call_in_forked_child(void (*function)(void))
{
    pthread_atfork(NULL, NULL, function);
}

/* Starts a thread that nobody waits for; returns whether there is one. Signals from outside are
 * blocked in it, so that they come to the threads of the program; those that tell of a fault in
 * the thread itself are not. */
static inline int start_thread(void *(*body)(void *), void *argument)
{
    static const int own_faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS};
    pthread_t thread;
    pthread_attr_t options;
    sigset_t blocked, before;
    if (pthread_attr_init(&options))
        return 0;
    pthread_attr_setdetachstate(&options, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&options, NATIVE_STACK);
    sigfillset(&blocked);
    for (unsigned i = 0; i < sizeof own_faults / sizeof *own_faults; i++)
        sigdelset(&blocked, own_faults[i]);
    pthread_sigmask(SIG_SETMASK, &blocked, &before); /* a new thread takes over its maker's mask */
    const int error = pthread_create(&thread, &options, body, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&options);
    return !error;
}

#endif

/* Returns the number of the CPU that runs this thread now, or -1 where the system does not tell. */
static inline int current_cpu(void)
{
#if defined(CR_NO_THREADS)
    return -1;
#elif defined(_WIN32)
    return (int)GetCurrentProcessorNumber();
#elif defined(__linux__) && defined(_GNU_SOURCE)
    return sched_getcpu();
#else
    return -1;
#endif
}

/* Names the thread that runs, for debuggers and `top -H`, where that can be done. */
static inline void name_thread(const char *name)
{
    (void)name;
#if !defined(CR_NO_THREADS) && defined(__APPLE__)
    pthread_setname_np(name);
#elif !defined(CR_NO_THREADS) && defined(__linux__) && defined(_GNU_SOURCE)
    pthread_setname_np(pthread_self(), name);
#endif
}

#endif
