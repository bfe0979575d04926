# The CUDA kernels as a library of their own, batchwarp_cuda, from ${batchwarp_cuda_sources}.

set(architectures_given FALSE)
if(DEFINED CMAKE_CUDA_ARCHITECTURES OR DEFINED ENV{CUDAARCHS})
  set(architectures_given TRUE)
endif()
include(${CMAKE_CURRENT_LIST_DIR}/cuda_requirements.cmake)
enable_language(CUDA)
if(CMAKE_CUDA_ARCHITECTURES STREQUAL "native" AND NOT CMAKE_CUDA_ARCHITECTURES_NATIVE MATCHES "^[0-9]")
  message(WARNING "The CUDA architecture \"native\" is that of the card in this machine, which has none. The kernels "
                  "are compiled for the oldest cards. CUDAARCHS names others: CUDAARCHS=90")
endif()
# Machine code for every generation that this nvcc knows; for what lies between (Jetson Thor, after
# 100) and for newer ones, what drivers compile.
if(NOT architectures_given)
  set(architectures 75-real 80-real 86-real 89-real 90)
  if(CMAKE_CUDA_COMPILER_VERSION VERSION_GREATER_EQUAL 12.8)
    list(APPEND architectures 100-real 120)
  endif()
  set(CMAKE_CUDA_ARCHITECTURES "${architectures}" CACHE STRING "CUDA architectures" FORCE)
endif()
find_package(CUDAToolkit REQUIRED)
if(NOT TARGET CUDA::cudart_static)
  message(FATAL_ERROR "BATCHWARP_CUDA needs the static CUDA runtime, and the toolkit in "
                      "${CUDAToolkit_LIBRARY_ROOT} has none: NVIDIA's package is cuda-cudart-dev")
endif()

add_library(batchwarp_cuda STATIC ${batchwarp_cuda_sources})
target_include_directories(batchwarp_cuda PRIVATE cpp/src)
target_link_libraries(batchwarp_cuda PUBLIC batchwarp_core CUDA::cudart_static)
target_compile_features(batchwarp_cuda PRIVATE cuda_std_20 cxx_std_20)
set_target_properties(batchwarp_cuda PROPERTIES POSITION_INDEPENDENT_CODE ON
                                                CXX_VISIBILITY_PRESET hidden
                                                CUDA_VISIBILITY_PRESET hidden
                                                VISIBILITY_INLINES_HIDDEN ON)
# Which pixels lie inside is decided with SciPy's roundings: no a * b + c in one. What the standard
# library declares constexpr may run on the device. Warning 554 is about a conversion that a requires
# clause excludes, which nvcc does not see. Architectures are compiled at the same time.
target_compile_options(
  batchwarp_cuda
  PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:$<TARGET_PROPERTY:batchwarp_flags,INTERFACE_COMPILE_OPTIONS>>"
          "$<$<COMPILE_LANGUAGE:CUDA>:--fmad=false;--expt-relaxed-constexpr;-diag-suppress=554;--threads=0>"
          "$<$<AND:$<COMPILE_LANGUAGE:CUDA>,$<NOT:$<CXX_COMPILER_ID:MSVC>>>:SHELL:-Xcompiler=-Wall,-Wextra,-ffp-contract=off>")
if(BATCHWARP_WERROR)
  # Registers that do not fit and go to memory are a warning of ptxas.
  target_compile_options(
    batchwarp_cuda
    PRIVATE "$<$<COMPILE_LANGUAGE:CUDA>:-Werror=all-warnings;-Xptxas=--warn-on-spills>")
endif()
