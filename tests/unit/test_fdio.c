/* SPDX-License-Identifier: Apache-2.0 */

#include "support.h"

#include "base/fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#define LARGE_BYTES 3000000U

static int file_of(const void *bytes, size_t size_bytes) {
        int fd = memfd_create("fdio", MFD_CLOEXEC);

        assert_true(fd >= 0);
        assert_int_equal(fd_write_all(fd, bytes, size_bytes), 0);
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        return fd;
}

static char *large_bytes(void) {
        char *bytes = malloc(LARGE_BYTES);

        assert_non_null(bytes);
        for (size_t i = 0; i < LARGE_BYTES; i++)
                bytes[i] = (char) (i % 253);
        return bytes;
}

/* Sizes around the bound and around the reads' own step. */
static void test_bounds(void **state) {
        static const size_t sizes[] = { 0, 1, 2, 100, 16383, 16384, 16385, 32768, 100000 };
        _cleanup_free_ char *bytes = large_bytes();

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(sizes); i++)
                for (int over = -1; over <= 1; over++) {
                        size_t max_bytes = sizes[i] + (size_t) over;
                        _cleanup_close_ int fd = file_of(bytes, sizes[i]);
                        _cleanup_buf_ Buf buf = {};
                        int r = 0;

                        if (over < 0 && sizes[i] == 0)
                                continue;
                        r = fd_read_all(fd, max_bytes, &buf);
                        if (over < 0) {
                                assert_int_equal(r, -EFBIG);
                                continue;
                        }
                        assert_int_equal(r, 0);
                        assert_int_equal(buf.size, sizes[i]);
                        if (sizes[i] > 0)
                                assert_memory_equal(buf.data, bytes, sizes[i]);
                }
}

static void test_reads_one_byte_past_at_most(void **state) {
        _cleanup_free_ char *bytes = large_bytes();
        _cleanup_close_ int fd = file_of(bytes, 50000);
        _cleanup_buf_ Buf buf = {};

        (void) state;
        assert_int_equal(fd_read_all(fd, 20000, &buf), -EFBIG);
        assert_int_equal(lseek(fd, 0, SEEK_CUR), 20001);
}

static void test_appends_to_what_is_there(void **state) {
        _cleanup_close_ int fd = file_of("skipped tail", 12);
        _cleanup_buf_ Buf buf = {};

        (void) state;
        buf_puts(&buf, "head ");
        assert_int_equal(lseek(fd, 8, SEEK_SET), 8);
        assert_int_equal(fd_read_all(fd, SIZE_MAX, &buf), 0);
        assert_string_equal(buf.data, "head tail");
}

static void test_failures(void **state) {
        _cleanup_close_ int directory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_close_ int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
        _cleanup_close_ int readable = file_of("x", 1);
        _cleanup_buf_ Buf buf = {};

        (void) state;
        assert_int_equal(fd_read_all(-1, 10, &buf), -EBADF);
        assert_int_equal(fd_read_all(directory, 10, &buf), -EISDIR);
        assert_int_equal(fd_write_all(-1, "x", 1), -EBADF);
        assert_int_equal(fd_write_all(full, "x", 1), -ENOSPC);
        assert_int_equal(fd_write_all(-1, "x", 0), 0);
        buf.error = -ENOMEM;
        assert_int_equal(fd_read_all(readable, 10, &buf), -ENOMEM);
}

static void on_alarm(int number) {
        (void) number;
}

/* Signals that interrupt the calls, every few milliseconds. */
static void interrupt_often(void) {
        struct sigaction action = { .sa_handler = on_alarm };
        struct itimerval often = { .it_interval = { .tv_usec = 2000 },
                .it_value = { .tv_usec = 2000 } };

        assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
        assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
}

/* In a thread: the other one is to be interrupted. */
static void block_alarm(void) {
        sigset_t alarm;

        sigemptyset(&alarm);
        sigaddset(&alarm, SIGALRM);
        pthread_sigmask(SIG_BLOCK, &alarm, NULL);
}

typedef struct Reader {
        int fd;
        Buf buf;
        int result;
} Reader;

typedef struct Writer {
        int fd;
        const char *bytes;
        int result;
} Writer;

static void *write_slowly(void *userdata) {
        Writer *writer = userdata;

        block_alarm();
        usleep(20000);
        writer->result = fd_write_all(writer->fd, writer->bytes, LARGE_BYTES);
        close(writer->fd);
        return NULL;
}

/* A pipe takes and gives parts only; the reader's waits are interrupted all along. */
static void test_pipe_in_parts(void **state) {
        _cleanup_free_ char *bytes = large_bytes();
        _cleanup_buf_ Buf buf = {};
        struct itimerval never = {};
        pthread_t thread;
        Writer writer = { .bytes = bytes, .result = -1 };
        int ends[2];

        (void) state;
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        writer.fd = ends[1];
        assert_int_equal(pthread_create(&thread, NULL, write_slowly, &writer), 0);
        interrupt_often();
        assert_int_equal(fd_read_all(ends[0], LARGE_BYTES, &buf), 0);
        assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        close(ends[0]);
        assert_int_equal(writer.result, 0);
        assert_int_equal(buf.size, LARGE_BYTES);
        assert_memory_equal(buf.data, bytes, LARGE_BYTES);
}

/* The other way round: the writer waits for a full pipe, and is interrupted there. */
static void *read_late(void *userdata) {
        Reader *reader = userdata;

        block_alarm();
        usleep(20000);
        reader->result = fd_read_all(reader->fd, LARGE_BYTES, &reader->buf);
        return NULL;
}

static void test_interrupted_write(void **state) {
        _cleanup_free_ char *bytes = large_bytes();
        struct itimerval never = {};
        pthread_t thread;
        Reader reader = { .result = -1 };
        int ends[2];

        (void) state;
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        reader.fd = ends[0];
        assert_int_equal(pthread_create(&thread, NULL, read_late, &reader), 0);
        interrupt_often();
        assert_int_equal(fd_write_all(ends[1], bytes, LARGE_BYTES), 0);
        assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
        close(ends[1]);
        assert_int_equal(pthread_join(thread, NULL), 0);
        close(ends[0]);
        assert_int_equal(reader.result, 0);
        assert_int_equal(reader.buf.size, LARGE_BYTES);
        assert_memory_equal(reader.buf.data, bytes, LARGE_BYTES);
        buf_done(&reader.buf);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_bounds),
                cmocka_unit_test(test_reads_one_byte_past_at_most),
                cmocka_unit_test(test_appends_to_what_is_there),
                cmocka_unit_test(test_failures),
                cmocka_unit_test(test_pipe_in_parts),
                cmocka_unit_test(test_interrupted_write),
        };

        return cmocka_run_group_tests_name("fdio", tests, NULL, NULL);
}
