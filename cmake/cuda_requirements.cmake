# Says in one sentence what BATCHWARP_CUDA lacks. CMake's own words for it are pages of commands that
# end at its test programs.

cmake_policy(VERSION 3.20)  # as the project's; scripts have none of their own

# Where nvcc is, as CMake would look for it, and where NVIDIA's packages put it without telling PATH.
set(command "${CMAKE_CUDA_COMPILER}")
if(NOT command)
  separate_arguments(command NATIVE_COMMAND "$ENV{CUDACXX}")
endif()
if(NOT command)
  find_program(BATCHWARP_NVCC nvcc PATHS /usr/local/cuda/bin DOC "The CUDA compiler")
  set(command "${BATCHWARP_NVCC}")
  set(ENV{CUDACXX} "${command}")
endif()
set(elsewhere "CUDACXX names one that is elsewhere: CUDACXX=/usr/local/cuda-13.0/bin/nvcc")
if(NOT command)
  message(FATAL_ERROR "BATCHWARP_CUDA needs nvcc 12 or newer, and there is none in PATH. ${elsewhere}")
endif()
list(GET command 0 nvcc)  # options may follow
execute_process(COMMAND "${nvcc}" --version OUTPUT_VARIABLE says ERROR_QUIET RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "BATCHWARP_CUDA needs nvcc 12 or newer, and ${nvcc} does not run. ${elsewhere}")
endif()
if(NOT says MATCHES "release ([0-9.]+)")
  message(FATAL_ERROR "BATCHWARP_CUDA needs nvcc 12 or newer, and ${nvcc} is something else. ${elsewhere}")
endif()
set(nvcc_version "${CMAKE_MATCH_1}")
if(nvcc_version VERSION_LESS 12)
  message(FATAL_ERROR "BATCHWARP_CUDA needs nvcc 12 or newer, and ${nvcc} is ${nvcc_version}. ${elsewhere}")
endif()

# Which cards the kernels are for. What is no number, CMake explains well.
set(architectures "${CMAKE_CUDA_ARCHITECTURES}")
if(NOT architectures)
  set(architectures "$ENV{CUDAARCHS}")
endif()
execute_process(COMMAND "${nvcc}" --list-gpu-arch OUTPUT_VARIABLE known ERROR_QUIET)
string(REGEX MATCHALL "[0-9]+" known "${known}")
foreach(architecture IN LISTS architectures)
  string(REGEX REPLACE "^([0-9]+)[af]?(-real|-virtual)?$" "\\1" number "${architecture}")
  if(known AND number MATCHES "^[0-9]+$" AND NOT number IN_LIST known)
    string(REPLACE ";" ", " known "${known}")
    message(FATAL_ERROR "nvcc ${nvcc_version} does not compile for the CUDA architecture ${architecture}, which "
                        "CUDAARCHS or CMAKE_CUDA_ARCHITECTURES asks for. It knows ${known}")
  endif()
endforeach()

# Which compiler nvcc leaves the host's part to. Visual Studio's is not looked for in PATH.
set(host "${CMAKE_CUDA_HOST_COMPILER}")
if(NOT host)
  set(host "$ENV{CUDAHOSTCXX}")
endif()
separate_arguments(flags NATIVE_COMMAND "${CMAKE_CUDA_FLAGS} $ENV{CUDAFLAGS}")
if(host)
  list(APPEND flags "--compiler-bindir=${host}")
endif()
if(NOT CMAKE_HOST_WIN32 AND NOT "${command};${flags}" STREQUAL "${BATCHWARP_NVCC_WORKS_WITH}")
  set(trial "${CMAKE_CURRENT_BINARY_DIR}/cuda_trial")
  file(WRITE "${trial}.cu" "#include <concepts>\nstatic_assert(std::integral<int>);\n")
  execute_process(
    COMMAND ${command} ${flags} -std=c++20 -c "${trial}.cu" -o "${trial}.o"
    OUTPUT_VARIABLE says ERROR_VARIABLE says RESULT_VARIABLE failed)
  if(failed)
    string(REGEX MATCH "[^\n]*(fatal|error|No such)[^\n]*" reason "${says}")
    string(REGEX REPLACE "[. ]+$" "" reason "${reason}")
    if(NOT host)
      set(host "c++ of this system")
    endif()
    message(FATAL_ERROR "nvcc ${nvcc_version} does not compile C++20 together with the host compiler ${host}: "
                        "${reason}. CUDAHOSTCXX names another one: CUDAHOSTCXX=g++-12")
  endif()
  set(BATCHWARP_NVCC_WORKS_WITH "${command};${flags}" CACHE INTERNAL "What need not be tried again")
endif()
