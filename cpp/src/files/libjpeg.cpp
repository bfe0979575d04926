#include "files/libjpeg.hpp"

#include <atomic>
#include <cstring>
#include <forward_list>
#include <mutex>

#include "batchwarp/files.hpp"

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace batchwarp {
namespace {

// What libjpeg-turbo's own fuzz targets stop at: each scan goes over the whole image again, so that
// a small file of many scans takes minutes.
constexpr int most_scans = 500;
// Bytes of coefficients of a progressive file, which the library keeps all of: enough for the most
// pixels that Pillow reads without a warning, 2^30 / 12, with three components.
constexpr long most_memory = 1L << 30;

std::atomic<const Libjpeg*> in_use{nullptr};

[[noreturn]] void jump(j_common_ptr info) {
    auto* const decompressor = static_cast<Decompressor*>(info->client_data);
    std::longjmp(decompressor->on_error, 1);  // NOLINT: a C library's exceptions
}

// Of damaged data the library makes what Pillow shows, too, which does not listen either.
void ignore_message(j_common_ptr /*info*/, int level) { (void)level; }
void print_nothing(j_common_ptr /*info*/) {}

void count_scans(j_common_ptr info) {
    const auto* decompressor = static_cast<const Decompressor*>(info->client_data);
    if (decompressor->info.input_scan_number > most_scans) jump(info);
}

#if defined(_WIN32)
void* open_library(const std::string& path, std::string& reason) {
    const int length = MultiByteToWideChar(CP_UTF8, 0, path.c_str(), -1, nullptr, 0);
    std::wstring wide(static_cast<std::size_t>(length > 0 ? length : 1), L'\0');
    MultiByteToWideChar(CP_UTF8, 0, path.c_str(), -1, wide.data(), length);
    const HMODULE library = LoadLibraryW(wide.c_str());
    if (library == nullptr) reason = "error " + std::to_string(GetLastError());
    return reinterpret_cast<void*>(library);
}
void* find_function(void* library, const char* name) {
    return reinterpret_cast<void*>(GetProcAddress(reinterpret_cast<HMODULE>(library), name));
}
void close_library(void* library) { FreeLibrary(reinterpret_cast<HMODULE>(library)); }
#else
void* open_library(const std::string& path, std::string& reason) {
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        const char* text = dlerror();
        reason = text != nullptr ? text : "unknown error";
    }
    return library;
}
// It looks in the libraries, too, that this one depends on, in the order in which this one's own
// calls are bound.
void* find_function(void* library, const char* name) { return dlsym(library, name); }
void close_library(void* library) { dlclose(library); }
#endif

// Returns the name of a function that is not there; null if all are.
const char* look_up(void* library, Libjpeg& functions) {
#define BATCHWARP_LOOK_UP(name)                                                          \
    functions.name = reinterpret_cast<decltype(&::name)>(find_function(library, #name)); \
    if (functions.name == nullptr) return #name;
    BATCHWARP_LIBJPEG_FUNCTIONS(BATCHWARP_LOOK_UP)
#undef BATCHWARP_LOOK_UP
    return nullptr;
}

// Whether it can be talked to; else `text`, of JMSG_LENGTH_MAX, says why not.
bool understands(const Libjpeg& library, Decompressor& decompressor, char* text) {
    if (setjmp(decompressor.on_error) != 0) {  // NOLINT: a C library's exceptions
        decompressor.errors.format_message(reinterpret_cast<j_common_ptr>(&decompressor.info),
                                           text);
        decompressor.destroy(library);
        return false;
    }
    decompressor.create(library);
    decompressor.destroy(library);
    return true;
}

// What a library's table of messages has under a number.
std::string message_of(const Libjpeg& library, int number) {
    jpeg_error_mgr errors;
    library.jpeg_std_error(&errors);
    if (number > errors.last_jpeg_message) return {};
    return errors.jpeg_message_table[number];
}

}  // namespace

void Decompressor::create(const Libjpeg& library) {
    info.err = library.jpeg_std_error(&errors);
    errors.error_exit = jump;
    errors.emit_message = ignore_message;
    errors.output_message = print_nothing;
    info.client_data = this;
    // It is all that is set if the library refuses, and what `destroy` looks at.
    info.mem = nullptr;
    library.jpeg_CreateDecompress(&info, JPEG_LIB_VERSION, sizeof(info));
    info.mem->max_memory_to_use = most_memory;
    progress = {};
    progress.progress_monitor = count_scans;
    info.progress = &progress;
}

void Decompressor::destroy(const Libjpeg& library) noexcept {
    library.jpeg_destroy_decompress(&info);
}

const Libjpeg* libjpeg() noexcept { return in_use.load(std::memory_order_acquire); }

std::string use_libjpeg(const std::string& path) {
    if (path.empty()) {
        in_use.store(nullptr, std::memory_order_release);
        return {};
    }
    static std::mutex mutex;
    // They are never destroyed, since threads may go on decoding when the process ends.
    static auto* const found = new std::forward_list<Libjpeg>;
    const std::lock_guard lock(mutex);
    std::string reason;
    void* const library = open_library(path, reason);
    if (library == nullptr) return "it cannot be loaded: " + reason;
    Libjpeg functions;
    if (const char* missing = look_up(library, functions); missing != nullptr) {
        close_library(library);
        return std::string("it has no ") + missing;
    }
    char text[JMSG_LENGTH_MAX] = {};
    if (Decompressor trial; !understands(functions, trial, text)) {
        close_library(library);
        return text;
    }
    found->push_front(functions);
    in_use.store(&found->front(), std::memory_order_release);
    return {};
}

std::string libjpeg_version() {
    const Libjpeg* const library = libjpeg();
    if (library == nullptr) return {};
    return message_of(*library, JMSG_VERSION) + ", " + message_of(*library, JMSG_COPYRIGHT);
}

}  // namespace batchwarp
